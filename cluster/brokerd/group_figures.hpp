// How far every group has read, and how much is still before it: by the names of kafka_exporter, so
// that its dashboards show them without it.
#pragma once

#include "cluster/brokerd/broker_shard.hpp"

#include <memory>
#include <vector>

namespace millrace {

/// Of all shards, by two visits to each: to its coordinator, and to the logs that the groups read.
Task<MetricsSnapshot> group_figures(World& world,
                                    const std::vector<std::unique_ptr<BrokerShard>>& shards);

}  // namespace millrace
