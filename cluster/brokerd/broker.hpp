// A broker on any world: topics, handlers and a listener, started and stopped as one.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "core/config/config.hpp"
#include "protocol/server/listener.hpp"

#include <memory>

namespace millrace {

/// Lives on shard 0 of `world`. Between start() and stop() it serves clients.
class Broker {
public:
    /// Opens the log directories, recovers what an unclean stop left, and listens. The error has
    /// been logged with what to do.
    static Task<Result<std::unique_ptr<Broker>>> start(World& world, Logger& logger,
                                                       const BrokerConfig& config);

    const Topics& topics() const { return *topics_; }
    std::uint16_t port() const { return listener_->port(); }

    /// A clean stop: no new requests, what was begun is answered, logs synced, marker written.
    Task<Result<void>> stop();

private:
    Broker(World& world, Logger& logger, const BrokerConfig& config,
           std::unique_ptr<Topics> topics);

    Task<Result<void>> listen(const BrokerConfig& config);
    Task<> write_checkpoints_steadily();

    World& world_;
    Logger& logger_;
    std::unique_ptr<Topics> topics_;
    BrokerContext context_;
    HandlerTable handlers_;
    std::unique_ptr<Listener> listener_;
    WaitList stop_requested_;
    bool stopping_{};
    Gate gate_;
};

/// What the logs of a configuration are like.
Topics::Options topic_options(const BrokerConfig& config);

}  // namespace millrace
