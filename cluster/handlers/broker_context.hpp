// What the request handlers of a broker share.
#pragma once

#include "cluster/replication/topics.hpp"
#include "core/storage/decompressor.hpp"
#include "protocol/server/handler_table.hpp"

namespace millrace {

struct HandlerConfig {
    std::int32_t broker_id = 0;
    std::int32_t num_partitions = 1;
    bool auto_create_topics = true;
    std::int32_t message_bytes_max = 1048588;  // message.max.bytes
    std::int32_t fetch_bytes_max = 57671680;   // fetch.max.bytes of the broker
};

/// Lives on shard 0 as long as the broker; handlers borrow it.
struct BrokerContext {
    World& world;
    Logger& logger;
    Topics& topics;
    HandlerConfig config;
    Decompressor decompressor{};
};

/// Enters every handler of cluster/handlers into `table`. The context outlives it.
void serve_all(BrokerContext& broker, HandlerTable& table);

}  // namespace millrace
