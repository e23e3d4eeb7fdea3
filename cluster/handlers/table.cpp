// The table of handlers: the one place that an API key gets its coroutine.
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"

namespace millrace {
namespace {

/// Binds a handler to its broker.
template <class Request, class Response>
void serve(BrokerContext& broker, HandlerTable& table,
           Task<Response> (*handle)(BrokerContext&, RequestContext&, const Request&)) {
    BrokerContext* const where = &broker;
    table.serve<Request>([where, handle](RequestContext& context, const Request& request) {
        return handle(*where, context, request);
    });
}

/// With the keys that Kafka gives it.
NewTopic offsets_topic(const CoordinatorConfig& config) {
    return {std::string(kOffsetsTopic),
            config.topic_partitions,
            {{"cleanup.policy", "compact"},
             {"compression.type", "producer"},
             {"segment.bytes", std::to_string(config.topic_segment_bytes)}}};
}

}  // namespace

Task<TopicCreation> BrokerContext::create_topic(std::string name) {
    NewTopic wanted{name, config.num_partitions};
    if (name == kOffsetsTopic) wanted = offsets_topic(config.groups);
    const auto visit = [this, &wanted] { return topics.create_on_demand(wanted); };
    ShardCall call(world, 0, visit);
    co_return co_await call.run();
}

void serve_all(BrokerContext& broker, HandlerTable& table) {
    serve(broker, table, &handle_produce);
    serve(broker, table, &handle_fetch);
    serve(broker, table, &handle_list_offsets);
    serve(broker, table, &handle_metadata);
    serve(broker, table, &handle_find_coordinator);
    serve(broker, table, &handle_create_topics);
    serve(broker, table, &handle_delete_topics);
    serve(broker, table, &handle_create_partitions);
    serve(broker, table, &handle_offset_for_leader_epoch);
    serve(broker, table, &handle_describe_log_dirs);
    serve(broker, table, &handle_describe_cluster);
    serve(broker, table, &handle_describe_configs);
    serve(broker, table, &handle_alter_configs);
    serve(broker, table, &handle_incremental_alter_configs);
    serve(broker, table, &handle_delete_records);
    serve(broker, table, &handle_init_producer_id);
    serve(broker, table, &handle_describe_producers);
    serve(broker, table, &handle_join_group);
    serve(broker, table, &handle_sync_group);
    serve(broker, table, &handle_heartbeat);
    serve(broker, table, &handle_leave_group);
    serve(broker, table, &handle_offset_commit);
    serve(broker, table, &handle_offset_fetch);
    serve(broker, table, &handle_describe_groups);
    serve(broker, table, &handle_list_groups);
    serve(broker, table, &handle_delete_groups);
    serve(broker, table, &handle_offset_delete);
    serve(broker, table, &handle_consumer_group_heartbeat);
    serve(broker, table, &handle_consumer_group_describe);
    table.serve_undecoded(ApiKey::kApiVersions, &handle_api_versions);
}

}  // namespace millrace
