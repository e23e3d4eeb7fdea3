// CreateTopics, versions 0-7.
//
// Each topic is checked in Kafka's order, so that of several faults the same one is told; then all
// that can be made are made at once. With a timeout of nothing they are made too, but nobody waits
// to say so. All of it is done on shard 0, where the topics are.
#include "cluster/handlers/config_resources.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/config/described_key.hpp"
#include "core/config/topic_keys.hpp"
#include "core/runtime/shard_call.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace millrace {
namespace {

using Wanted = CreateTopicsRequest::CreatableTopic;
using Answer = CreateTopicsResponse::CreatableTopicResult;

constexpr std::string_view kMetadataTopic = "__cluster_metadata";
constexpr std::int32_t kByDefault = -1;
// Each costs files and the time to make them.
constexpr std::int32_t kPartitionsMax = 100000;

/// The settings of one life that new topics go by.
struct Defaults {
    std::int32_t broker_id{};
    std::int32_t partitions{};
    std::int32_t replication_factor{};
    TopicConfig config;
};

ResourceError replicas_problem(std::int32_t partitions, std::int32_t replication_factor) {
    if (partitions <= 0) {
        return {ErrorCode::kInvalidPartitions, "Number of partitions must be larger than 0."};
    }
    if (partitions > kPartitionsMax) {
        return {ErrorCode::kInvalidPartitions,
                fmt::format("Number of partitions must not be larger than {}.", kPartitionsMax)};
    }
    if (replication_factor <= 0) {
        return {ErrorCode::kInvalidReplicationFactor, "Replication factor must be larger than 0."};
    }
    if (replication_factor > 1) {
        return {ErrorCode::kInvalidReplicationFactor,
                fmt::format("Replication factor: {} larger than available brokers: 1.",
                            replication_factor)};
    }
    return {};
}

/// Every partition from 0 on, each with this broker as its one replica.
ResourceError assignment_problem(const Wanted& wanted, std::int32_t broker_id) {
    std::map<std::int32_t, std::vector<std::int32_t>> replicas;
    for (const auto& each : wanted.assignments) replicas[each.partition_index] = each.broker_ids;
    const auto refuse = [](std::string text) {
        return ResourceError{ErrorCode::kInvalidReplicaAssignment, std::move(text)};
    };
    const std::size_t count = replicas.begin()->second.size();
    for (const auto& [partition, brokers] : replicas) {
        if (brokers.size() != count) {
            return refuse("All partitions should have the same number of replicas");
        }
    }
    for (const auto& [partition, brokers] : replicas) {
        if (std::set(brokers.begin(), brokers.end()).size() == brokers.size()) continue;
        return refuse(fmt::format("Duplicate replica assignment found: {}", replicas));
    }
    const bool begins = replicas.begin()->first == 0;
    if (!begins || std::cmp_not_equal(replicas.rbegin()->first + 1, replicas.size())) {
        return refuse("partitions should be a consecutive 0-based integer sequence");
    }
    const auto elsewhere = [broker_id](const auto& each) {
        return each.second != std::vector<std::int32_t>{broker_id};
    };
    if (std::ranges::any_of(replicas, elsewhere)) {
        return refuse(fmt::format("Each partition has one replica, on broker {}", broker_id));
    }
    return {};
}

/// Fills `topic` in when there is nothing to refuse.
class NewTopicCheck {
public:
    NewTopicCheck(const TopicsImage& image, const Defaults& defaults)
        : image_(image), defaults_(defaults) {}

    ResourceError check(const Wanted& wanted, NewTopic& topic) const {
        topic.name = wanted.name;
        if (image_.find(wanted.name) != nullptr) return exists(wanted.name);
        auto problem = read_configs(wanted, topic);
        if (problem.is_none()) problem = read_partitions(wanted, topic);
        if (problem.is_none()) problem = name_problem(wanted.name);
        if (problem.is_none() && !wanted.assignments.empty()) {
            problem = assignment_problem(wanted, defaults_.broker_id);
        }
        if (!problem.is_none()) return problem;
        const auto reading = read_topic_config(defaults_.config, topic.overrides);
        if (reading.problem.text.empty()) return {};
        return {ErrorCode::kInvalidConfig, reading.problem.text};
    }

    static ResourceError exists(std::string_view name) {
        return {ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", name)};
    }

private:
    static ResourceError read_configs(const Wanted& wanted, NewTopic& topic) {
        std::vector<std::string_view> without;
        for (const auto& each : wanted.configs) {
            if (!each.value) without.push_back(each.name);
            topic.overrides.insert_or_assign(each.name, each.value.value_or(""));
        }
        if (without.empty()) return {};
        return {
            ErrorCode::kInvalidConfig,
            fmt::format("Null value not supported for topic configs: {}", fmt::join(without, ","))};
    }

    ResourceError read_partitions(const Wanted& wanted, NewTopic& topic) const {
        const bool counted =
            wanted.num_partitions != kByDefault || wanted.replication_factor != kByDefault;
        if (counted && !wanted.assignments.empty()) {
            return {ErrorCode::kInvalidRequest,
                    "Both numPartitions or replicationFactor and replicasAssignments were set. "
                    "Both cannot be used at the same time."};
        }
        if (!wanted.assignments.empty()) {
            topic.partitions = static_cast<std::int32_t>(wanted.assignments.size());
            return {};
        }
        const bool own = wanted.num_partitions != kByDefault;
        topic.partitions = own ? wanted.num_partitions : defaults_.partitions;
        const std::int32_t replicas = wanted.replication_factor != kByDefault
                                          ? wanted.replication_factor
                                          : defaults_.replication_factor;
        return replicas_problem(topic.partitions, replicas);
    }

    ResourceError name_problem(const std::string& name) const {
        const std::string problem = topic_name_problem(name);
        if (!problem.empty()) return {ErrorCode::kInvalidTopicException, problem};
        const auto colliding = colliding_names(image_, name);
        if (colliding.empty()) return {};
        return {ErrorCode::kInvalidTopicException,
                fmt::format("Topic '{}' collides with existing topics: {}", name,
                            fmt::join(colliding, ", "))};
    }

    const TopicsImage& image_;
    const Defaults& defaults_;
};

void answer(Answer& topic, const ResourceError& error) {
    topic.error_code = raw(error.code);
    topic.error_message = error.text;
    if (error.is_none()) return;
    topic.num_partitions = -1;
    topic.replication_factor = -1;
    topic.configs->clear();
}

ResourceError outcome_of(TopicCreation outcome, const NewTopic& topic) {
    switch (outcome) {
        case TopicCreation::kCreated: return {};
        case TopicCreation::kExists:
        case TopicCreation::kInFlight: return NewTopicCheck::exists(topic.name);
        case TopicCreation::kInvalidName:
        case TopicCreation::kNameCollides: return {ErrorCode::kInvalidTopicException, {}};
        case TopicCreation::kFailed: break;
    }
    return {ErrorCode::kKafkaStorageError, "The topic could not be stored."};
}

/// One request, on shard 0.
class Creation {
public:
    Creation(BrokerContext& broker, const CreateTopicsRequest& request)
        : broker_(broker), request_(request) {}

    Task<CreateTopicsResponse> run() {
        check_all();
        const bool wanted = !request_.validate_only && !topics_.empty();
        if (wanted) co_await create();
        co_return std::move(response_);
    }

private:
    void check_all() {
        const HandlerConfig& config = broker_.config;
        const Defaults defaults{config.broker_id, config.num_partitions,
                                config.default_replication_factor, broker_.topics.defaults()};
        const NewTopicCheck check(broker_.topics.image(), defaults);
        const BrokerSettings settings =
            settings_now(broker_.topics, *config.given, config.broker_id);
        for (const Wanted& wanted : request_.topics) {
            Answer& topic = response_.topics.emplace_back();
            topic.name = wanted.name;
            topic.error_message = std::nullopt;
            NewTopic fresh;
            auto problem = request_problem(wanted.name);
            if (problem.is_none()) problem = check.check(wanted, fresh);
            if (problem.is_none()) describe(settings, fresh, topic);
            answer(topic, problem);
            if (!problem.is_none()) continue;
            places_.push_back(response_.topics.size() - 1);
            topics_.push_back(std::move(fresh));
        }
    }

    ResourceError request_problem(const std::string& name) const {
        if (name == kMetadataTopic) {
            return {ErrorCode::kInvalidRequest,
                    fmt::format("Creation of internal topic {} is prohibited.", kMetadataTopic)};
        }
        if (std::ranges::count(request_.topics, name, &Wanted::name) > 1) {
            return {ErrorCode::kInvalidRequest, "Found multiple entries for this topic."};
        }
        return {};
    }

    static void describe(const BrokerSettings& settings, const NewTopic& fresh, Answer& topic) {
        topic.num_partitions = fresh.partitions;
        topic.replication_factor = 1;
        for (const DescribedKey& key : describe_topic(settings, fresh.overrides)) {
            topic.configs->push_back({key.name, key.value, key.read_only,
                                      static_cast<std::int8_t>(key.source), key.sensitive});
        }
    }

    Task<> create() {
        const auto outcomes = co_await broker_.topics.create(topics_);
        for (std::size_t i = 0; i < topics_.size(); ++i) {
            Answer& topic = response_.topics[places_[i]];
            auto outcome = outcome_of(outcomes[i], topics_[i]);
            if (outcome.is_none()) {
                // Deleted again meanwhile, it has none.
                const TopicImage* const made = broker_.topics.image().find(topics_[i].name);
                if (made != nullptr) topic.topic_id = made->id;
                if (request_.timeout_ms <= 0) outcome = {ErrorCode::kRequestTimedOut, {}};
            }
            answer(topic, outcome);
        }
    }

    BrokerContext& broker_;
    const CreateTopicsRequest& request_;
    CreateTopicsResponse response_;
    std::vector<NewTopic> topics_;     // that can be made
    std::vector<std::size_t> places_;  // of these in the response
};

Task<CreateTopicsResponse> create_at_home(BrokerContext& home, const CreateTopicsRequest& request) {
    Creation creation(home, request);
    co_return co_await creation.run();
}

}  // namespace

Task<CreateTopicsResponse> handle_create_topics(BrokerContext& broker, RequestContext&,
                                                const CreateTopicsRequest& request) {
    BrokerContext* const home = broker.shards.front();
    const auto visit = [home, &request] { return create_at_home(*home, request); };
    ShardCall call(broker.world, 0, visit);
    co_return co_await call.run();
}

}  // namespace millrace
