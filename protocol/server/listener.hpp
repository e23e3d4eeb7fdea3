// A listening socket and the connections that came in by it.
#pragma once

#include "protocol/server/connection.hpp"

#include <list>

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
class Listener {
public:
    static Task<Result<std::unique_ptr<Listener>>> open(World& world, Logger& logger,
                                                        const HandlerTable& handlers,
                                                        ListenerConfig config);

    std::uint16_t port() const { return acceptor_.port(); }

    /// Begins to accept.
    void start();
    Task<> stop();

private:
    struct Client {
        Client(World& world, Logger& logger, Stream stream, const HandlerTable& handlers,
               AdvertisedListener told, Listener& owner)
            : advertised(std::move(told)),
              connection(world, logger, owner.metrics_, std::move(stream), handlers, advertised,
                         owner.budget_, owner.config_.limits) {}
        const AdvertisedListener advertised;
        Connection connection;
        std::optional<std::uint64_t> activity_seen;  // none before the first look
    };

    Listener(World& world, Logger& logger, const HandlerTable& handlers, ListenerConfig config);

    Task<> accept_connections();
    Task<Result<AdvertisedListener>> advertise_to(Stream& stream);
    Task<> converse(std::list<Client>::iterator client);
    Task<> close_idle_connections();

    World& world_;
    Logger& logger_;
    const HandlerTable& handlers_;
    ListenerConfig config_;
    ServerMetrics metrics_;
    Acceptor acceptor_;
    Semaphore budget_;
    std::list<Client> clients_;
    bool stopping_{};
    WaitList stop_requested_;
    Gate gate_;
};

}  // namespace millrace
