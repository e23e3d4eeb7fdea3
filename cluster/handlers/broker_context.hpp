// What the request handlers of one shard share.
#pragma once

#include "cluster/groups/group_coordinator.hpp"
#include "cluster/handlers/fetch_session.hpp"
#include "cluster/handlers/log_waits.hpp"
#include "cluster/handlers/producer_ids.hpp"
#include "cluster/replication/topics.hpp"
#include "core/config/properties.hpp"
#include "core/runtime/semaphore.hpp"
#include "core/storage/decompressor.hpp"
#include "protocol/server/handler_table.hpp"

#include <memory>
#include <vector>

namespace millrace {

struct HandlerConfig {
    std::int32_t broker_id = 0;
    std::int32_t num_partitions = 1;
    std::int32_t default_replication_factor = 1;
    bool auto_create_topics = true;
    bool delete_topics = true;
    std::int32_t message_bytes_max = 1048588;  // message.max.bytes
    std::int32_t fetch_bytes_max = 57671680;   // fetch.max.bytes of the broker
    /// The configuration as it was given at the start.
    std::shared_ptr<const Properties> given = std::make_shared<const Properties>();
    CoordinatorConfig groups{};
};

/// Lives on its shard as long as the broker; handlers borrow it. What belongs to other shards is
/// reached by a ShardCall only.
struct BrokerContext {
    World& world;
    Logger& logger;
    /// The truth, on shard 0.
    Topics& topics;
    HandlerConfig config;
    TopicsView view;
    LogWaits waits;
    /// Of responses that are being sent from here.
    MemoryBudget response_memory;
    FetchSessions fetch_sessions;
    /// One of each shard, by number.
    std::vector<BrokerContext*> shards;
    Decompressor decompressor{};
    /// Changes of configurations, one at a time: shard 0's counts.
    Semaphore config_turn{world, 1};
    ProducerIds producer_ids{world, topics};
    /// Those whose partition of __consumer_offsets is here.
    GroupCoordinator groups{world, logger, view, config.groups};

    /// Topics::create_on_demand(), from any shard; Kafka's own topics with their own configuration.
    Task<TopicCreation> create_topic(std::string name);
};

/// Enters every handler of cluster/handlers into `table`. The context outlives it.
void serve_all(BrokerContext& broker, HandlerTable& table);

}  // namespace millrace
