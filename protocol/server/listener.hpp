// A listening socket and the connections that came in by it.
#pragma once

#include "protocol/server/connection.hpp"

#include <list>
#include <vector>

namespace millrace {

struct ListenerConfig {
    std::string host;  // empty: all addresses
    std::uint16_t port{};
    ListenMode mode = ListenMode::kAlone;
    // No host: the one by which a client has reached its connection. Port 0: the port that was
    // bound.
    AdvertisedListener advertised;
    ConnectionLimits limits;
    // All frames of this listener together; one at a time may go beyond.
    std::int64_t request_bytes_total_max = 512 << 20;
    Duration idle_max = std::chrono::minutes(10);  // connections.max.idle.ms
};

/// Lives on one shard. After stop() every connection has ended.
///
/// A connection whose work is all on another shard leaves for the listener there, as long as that
/// shard has time: an idle shard would have to be woken for each of its requests, and a busy one
/// looks for its mail anyway, and gains nothing from the rest of the work.
class Listener {
public:
    static Task<Result<std::unique_ptr<Listener>>> open(World& world, Logger& logger,
                                                        const HandlerTable& handlers,
                                                        ListenerConfig config);

    std::uint16_t port() const { return acceptor_.port(); }

    /// The listeners of all shards, by number; they live as long as this one. Without them
    /// connections stay where they have come in.
    void meet(std::vector<Listener*> all) { all_ = std::move(all); }
    /// Begins to accept.
    void start();
    Task<> stop();

private:
    struct Client {
        Client(Listener& owner, AdvertisedListener told, Connection::Conversation conversation,
               ConnectionLimits limits)
            : advertised(std::move(told)),
              connection(owner.world_, owner.logger_, owner.metrics_, std::move(conversation),
                         owner.handlers_, advertised, owner.budget_, limits) {}
        const AdvertisedListener advertised;
        Connection connection;
        std::optional<std::uint64_t> activity_seen;  // none before the first look
    };

    Listener(World& world, Logger& logger, const HandlerTable& handlers, ListenerConfig config);

    Task<> accept_connections();
    Task<Result<AdvertisedListener>> advertise_to(Stream& stream);
    void welcome(AdvertisedListener advertised, Connection::Conversation conversation,
                 std::uint32_t leaves_after);
    Task<> converse(std::list<Client>::iterator client);
    Task<> hand_over(AdvertisedListener advertised, Connection::Departure leaving);
    bool take_in(AdvertisedListener& advertised, Connection::Conversation& arriving);
    Task<> close_idle_connections();

    World& world_;
    Logger& logger_;
    const HandlerTable& handlers_;
    ListenerConfig config_;
    ServerMetrics metrics_;
    Acceptor acceptor_;
    Semaphore budget_;
    std::vector<Listener*> all_;
    std::list<Client> clients_;
    bool stopping_{};
    WaitList stop_requested_;
    Gate gate_;
};

}  // namespace millrace
