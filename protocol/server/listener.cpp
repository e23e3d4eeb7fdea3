#include "protocol/server/listener.hpp"

#include "core/runtime/shard_call.hpp"
#include "core/runtime/timer.hpp"

namespace millrace {
namespace {

// Pause after an accept that failed for want of descriptors or memory; a hot loop would not free
// any.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);
// A connection that was refused elsewhere tries again after so many times as many requests.
constexpr std::uint32_t kRefusedFactor = 64;

}  // namespace

Listener::Listener(World& world, Logger& logger, const HandlerTable& handlers,
                   ListenerConfig config)
    : world_(world),
      logger_(logger),
      handlers_(handlers),
      config_(std::move(config)),
      metrics_(world.metrics().registry),
      budget_(world, config_.request_bytes_total_max),
      stop_requested_(world),
      gate_(world) {}

Task<Result<std::unique_ptr<Listener>>> Listener::open(World& world, Logger& logger,
                                                       const HandlerTable& handlers,
                                                       ListenerConfig config) {
    std::unique_ptr<Listener> listener(new Listener(world, logger, handlers, config));
    auto acceptor = co_await Acceptor::listen(world, config.host, config.port, config.mode);
    if (!acceptor) co_return acceptor.error();
    listener->acceptor_ = std::move(*acceptor);
    AdvertisedListener& advertised = listener->config_.advertised;
    if (advertised.port == 0) advertised.port = listener->port();
    co_return listener;
}

void Listener::start() {
    gate_.spawn(accept_connections());
    gate_.spawn(close_idle_connections());
}

Task<> Listener::accept_connections() {
    while (!stopping_) {
        auto stream = co_await acceptor_.accept();
        if (stopping_) {
            if (stream) co_await stream->close();
            break;
        }
        if (!stream) {
            metrics_.accept_errors.add();
            logger_.warn("cannot accept a connection", {{"reason", stream.error().message()}});
            (void)co_await stop_requested_.wait(0, world_.now() + kAcceptPause);
            continue;
        }
        metrics_.accepted.add();
        auto advertised = co_await advertise_to(*stream);
        if (!advertised || stopping_) {
            co_await stream->close();
            continue;
        }
        welcome(std::move(*advertised), {std::move(*stream)}, config_.limits.leaves_after);
    }
}

void Listener::welcome(AdvertisedListener advertised, Connection::Conversation conversation,
                       std::uint32_t leaves_after) {
    ConnectionLimits limits = config_.limits;
    limits.leaves_after = all_.empty() ? HomeSeeker::kNever : leaves_after;
    metrics_.connections.add(1);
    const auto client = clients_.emplace(clients_.end(), *this, std::move(advertised),
                                         std::move(conversation), limits);
    gate_.spawn(converse(client));
}

Task<Result<AdvertisedListener>> Listener::advertise_to(Stream& stream) {
    AdvertisedListener advertised = config_.advertised;
    auto peer = co_await stream.peer_address();
    if (!peer) co_return peer.error();
    advertised.peer = std::move(*peer);
    if (!advertised.host.empty()) co_return advertised;
    auto host = co_await stream.local_address();
    if (!host) co_return host.error();
    advertised.host = std::move(*host);
    co_return advertised;
}

Task<> Listener::converse(std::list<Client>::iterator client) {
    auto leaving = co_await client->connection.run();
    AdvertisedListener advertised = client->advertised;
    metrics_.connections.add(-1);
    clients_.erase(client);
    if (leaving) co_await hand_over(std::move(advertised), std::move(*leaving));
}

Task<> Listener::hand_over(AdvertisedListener advertised, Connection::Departure leaving) {
    Listener* const there = all_[leaving.to];
    const auto visit = [there, &advertised, &leaving] {
        return there->take_in(advertised, leaving.conversation);
    };
    ShardCall<decltype(visit)> call(world_, leaving.to, visit);
    const bool taken = co_await call.run();
    if (taken) {
        metrics_.left.add();
    } else if (stopping_) {
        co_await leaving.conversation.stream.close();
    } else {
        welcome(std::move(advertised), std::move(leaving.conversation),
                kRefusedFactor * config_.limits.leaves_after);
    }
}

/// False, and nothing is changed, when it can't go on here.
bool Listener::take_in(AdvertisedListener& advertised, Connection::Conversation& arriving) {
    if (stopping_ || !world_.has_time()) return false;
    arriving.stream.move_to(world_);
    welcome(std::move(advertised), std::move(arriving), config_.limits.leaves_after);
    return true;
}

Task<> Listener::close_idle_connections() {
    while (!stopping_) {
        (void)co_await stop_requested_.wait(0, world_.now() + config_.idle_max);
        for (Client& each : clients_) {
            const std::uint64_t activity = each.connection.activity();
            const bool idle = activity == each.activity_seen && !each.connection.busy();
            each.activity_seen = activity;
            if (idle) each.connection.stop();
        }
    }
}

Task<> Listener::stop() {
    stopping_ = true;
    stop_requested_.wake_through(0);
    co_await acceptor_.shut_down();
    budget_.stop();
    for (Client& client : clients_) client.connection.stop();
    co_await gate_.close();
    co_await acceptor_.close();
}

}  // namespace millrace
