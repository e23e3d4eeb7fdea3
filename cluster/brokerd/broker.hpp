// A broker on any world: topics, handlers and a listener, started and stopped as one.
#pragma once

#include "cluster/brokerd/broker_shard.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace millrace {

/// Lives on shard 0 of the worlds that `world` is among, with a BrokerShard on each. Between
/// start() and stop() it serves clients.
class Broker {
public:
    /// Opens the log directories, recovers what an unclean stop left, and listens. The error has
    /// been logged with what to do.
    static Task<Result<std::unique_ptr<Broker>>> start(World& world, Logger& logger,
                                                       const BrokerConfig& config);

    const Topics& topics() const { return *topics_; }
    std::uint16_t port() const { return shards_.front()->listener().port(); }

    /// `heard` runs, on this shard, once no log directory serves any more: time to stop.
    void on_storage_gone(std::function<void()> heard) { topics_->on_all_failed(std::move(heard)); }

    /// What groups have read and have before them; nothing while it stops.
    Task<MetricsSnapshot> group_figures();

    /// A clean stop: no new requests, what was begun is answered, logs synced, marker written.
    Task<Result<void>> stop();

private:
    Broker(World& world, Logger& logger, std::unique_ptr<Topics> topics);

    Task<Result<void>> start_shards(const BrokerConfig& config);
    Task<> stop_shards();
    Task<> write_checkpoints_steadily();

    /// `act(shard)`, a Task<Result<void>>, on every shard at once.
    template <class Act>
    Task<Result<void>> on_all(Act act);

    World& world_;
    Logger& logger_;
    std::unique_ptr<Topics> topics_;
    std::vector<std::unique_ptr<BrokerShard>> shards_;
    WaitList stop_requested_;
    bool stopping_{};
    Gate gate_;
};

/// What the logs of a configuration are like.
Topics::Options topic_options(const BrokerConfig& config);

}  // namespace millrace
