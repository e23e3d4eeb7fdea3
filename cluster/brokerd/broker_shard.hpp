// One shard's part of a broker: its view of the topics, its handlers, its listener.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "core/config/config.hpp"
#include "protocol/server/listener.hpp"

#include <memory>

namespace millrace {

/// Made, used and stopped on its shard; owned by the Broker, which lets it go when all have
/// stopped.
class BrokerShard {
public:
    BrokerShard(World& world, const Logger& logger, const BrokerConfig& config, Topics& topics);

    BrokerContext& context() { return context_; }
    Listener& listener() { return *listener_; }

    /// Listens, and accepts nothing yet. Port 0 of the configuration is replaced by `port`.
    Task<Result<void>> listen(const BrokerConfig& config, std::uint16_t port, ListenMode mode);
    void start();
    /// Long polls and members of groups are answered.
    void end_waits();
    /// What was begun here is answered when it returns. REQUIRES: end_waits() on all shards.
    Task<> stop();
    /// Nothing of the coordinator's is under way when it returns. REQUIRES: all shards have
    /// stopped.
    Task<> stop_groups() { return context_.groups.stop(); }

private:
    World& world_;
    Logger logger_;
    BrokerContext context_;
    HandlerTable handlers_;
    std::unique_ptr<Listener> listener_;
};

}  // namespace millrace
