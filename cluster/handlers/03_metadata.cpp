// Metadata, versions 0-12.
//
// Brokers, and topics by name or (12) by id. Version 0 asks for all topics by an empty list, later
// ones by null. Named topics that don't exist are created when client and configuration allow it:
// the request that creates one is answered LEADER_NOT_AVAILABLE, as Kafka does, and the next one
// finds it.
#include "cluster/handlers/authorized_operations.hpp"
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kTopicIdsFrom = 10;
constexpr std::int32_t kNoLeader = -1;

MetadataResponse::Topic describe(const BrokerContext& broker, std::string_view name,
                                 const TopicImage& stored, const MetadataRequest& request) {
    MetadataResponse::Topic topic;
    topic.name = name;
    topic.topic_id = stored.id;
    topic.is_internal = is_internal_topic(name);
    if (request.include_topic_authorized_operations) topic.authorized_operations = kTopicOperations;
    const auto count = static_cast<std::int32_t>(stored.partitions.size());
    for (std::int32_t index = 0; index < count; ++index) {
        MetadataResponse::Partition partition;
        partition.index = index;
        partition.leader_id = broker.config.broker_id;
        partition.leader_epoch = stored.leader_epoch.value;
        partition.replicas = {broker.config.broker_id};
        partition.isr = {broker.config.broker_id};
        if (stored.partitions[static_cast<std::size_t>(index)].log == nullptr) {
            partition.error_code = raw(ErrorCode::kLeaderNotAvailable);
            partition.leader_id = kNoLeader;
            partition.offline_replicas = partition.replicas;
        }
        topic.partitions.push_back(std::move(partition));
    }
    return topic;
}

MetadataResponse::Topic failed(std::optional<std::string> name, const Uuid& id, ErrorCode code) {
    MetadataResponse::Topic topic;
    topic.name = std::move(name);
    topic.topic_id = id;
    topic.error_code = raw(code);
    return topic;
}

ErrorCode code_of(TopicCreation outcome) {
    switch (outcome) {
        case TopicCreation::kCreated:
        case TopicCreation::kExists: return ErrorCode::kLeaderNotAvailable;
        case TopicCreation::kInFlight: return ErrorCode::kUnknownTopicOrPartition;
        case TopicCreation::kInvalidName:
        case TopicCreation::kNameCollides: return ErrorCode::kInvalidTopicException;
        case TopicCreation::kFailed: return ErrorCode::kKafkaStorageError;
    }
    return ErrorCode::kUnknownServerError;
}

/// Of a name that no topic has, which may be made now.
Task<ErrorCode> answer_unknown(BrokerContext& broker, const std::string& name,
                               const MetadataRequest& request) {
    if (!is_topic_name(name)) co_return ErrorCode::kInvalidTopicException;
    const bool may_create = request.allow_auto_topic_creation && broker.config.auto_create_topics;
    if (!may_create) co_return ErrorCode::kUnknownTopicOrPartition;
    if (broker.config.default_replication_factor > 1) {
        co_return ErrorCode::kInvalidReplicationFactor;
    }
    co_return code_of(co_await broker.create_topic(name));
}

Task<MetadataResponse::Topic> answer_name(BrokerContext& broker, std::string name,
                                          const MetadataRequest& request) {
    const auto image = broker.view.now();
    if (const TopicImage* const stored = image->find(name)) {
        co_return describe(broker, name, *stored, request);
    }
    const ErrorCode code = co_await answer_unknown(broker, name, request);
    MetadataResponse::Topic topic = failed(name, {}, code);
    // Whoever may describe it is told what it may do, though it isn't there.
    if (request.include_topic_authorized_operations) topic.authorized_operations = kTopicOperations;
    co_return topic;
}

MetadataResponse::Topic answer_id(const BrokerContext& broker, const Uuid& id,
                                  const MetadataRequest& request) {
    const auto image = broker.view.now();
    const auto name = image->name_of(id);
    const TopicImage* const stored = name ? image->find(*name) : nullptr;
    if (stored == nullptr) return failed(std::nullopt, id, ErrorCode::kUnknownTopicId);
    return describe(broker, *name, *stored, request);
}

MetadataResponse about_cluster(const BrokerContext& broker, const RequestContext& context,
                               const MetadataRequest& request) {
    MetadataResponse response;
    response.cluster_id = broker.view.now()->cluster_id;
    response.controller_id = broker.config.broker_id;
    response.brokers.push_back({broker.config.broker_id, context.listener.host,
                                static_cast<std::int32_t>(context.listener.port), std::nullopt});
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations = kClusterOperations;
    }
    return response;
}

/// Versions 10 and 11 carry ids in responses only; from 12 on a topic has a name or an id.
bool is_valid(const RequestContext& context, const MetadataRequest& request) {
    if (!request.topics || context.version() < kTopicIdsFrom) return true;
    for (const auto& topic : *request.topics) {
        if (context.version() < 12 && (!topic.topic_id.is_zero() || !topic.name)) return false;
        if (topic.topic_id.is_zero() && !topic.name) return false;
    }
    return true;
}

}  // namespace

Task<MetadataResponse> handle_metadata(BrokerContext& broker, RequestContext& context,
                                       const MetadataRequest& request) {
    MetadataResponse response = about_cluster(broker, context, request);
    const bool wants_all = !request.topics || (context.version() == 0 && request.topics->empty());
    if (wants_all) {
        const auto image = broker.view.now();
        for (const auto& [name, stored] : image->topics) {
            response.topics.push_back(describe(broker, name, *stored, request));
        }
        co_return response;
    }
    if (!is_valid(context, request)) {
        response = MetadataResponse();
        for (const auto& topic : *request.topics) {
            // Below version 12 a response has no null names.
            const std::optional<std::string> name = topic.name.value_or("");
            response.topics.push_back(failed(name, topic.topic_id, ErrorCode::kInvalidRequest));
        }
        co_return response;
    }
    for (const auto& wanted : *request.topics) {
        if (!wanted.topic_id.is_zero()) {
            response.topics.push_back(answer_id(broker, wanted.topic_id, request));
            continue;
        }
        const std::string name = *wanted.name;
        auto topic = co_await answer_name(broker, name, request);
        response.topics.push_back(std::move(topic));
    }
    co_return response;
}

}  // namespace millrace
