// DescribeProducers, version 0.
//
// The producers that a partition's log knows, by id: epoch, last sequence and time, and of
// transactions the coordinator's epoch and where the open one begins. What is told is durable.
#include "cluster/handlers/by_owner.hpp"
#include "cluster/handlers/config_resources.hpp"
#include "cluster/handlers/find_log.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {
namespace {

constexpr const char* kNoSuchTopic = "This server does not host this topic-partition.";

using ProducerStates = std::vector<DescribeProducersResponseProducerState>;

struct LookUp {
    LogQuestion of;
    Result<ProducerStates> found{Errc::kStopping};
};

using LookUps = ByOwner<std::vector<LookUp>>;

ProducerStates list(const ProducerState& known) {
    ProducerStates listed;
    for (const auto& [id, producer] : known.producers()) {
        auto& each = listed.emplace_back();
        each.producer_id = id;
        each.producer_epoch = producer.epoch;
        each.last_sequence = producer.last_sequence();
        each.last_timestamp = producer.last_timestamp;
        each.coordinator_epoch = producer.coordinator_epoch;
        each.current_txn_start_offset = producer.transaction_start.value;
    }
    return listed;
}

/// On the owner.
Task<> look_all_up(BrokerContext&, std::vector<LookUp>& look_ups) {
    for (LookUp& each : look_ups) {
        PartitionLog& log = *each.of.log;
        ProducerStates listed = list(log.producers());
        const auto durable = co_await log.wait_durable(log.log_end_offset(), kNever);
        each.found = durable ? Result<ProducerStates>(std::move(listed)) : durable.error();
    }
}

/// The answer so far: refusals stand in it, and what has to be looked up is in `look_ups`.
DescribeProducersResponse divide(const TopicsImage& image, const DescribeProducersRequest& request,
                                 LookUps& look_ups) {
    DescribeProducersResponse response;
    for (const auto& topic : request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.name = topic.name;
        const TopicImage* const known = image.find(topic.name);
        const std::string invalid = topic_name_problem(topic.name);
        for (const std::int32_t index : topic.partition_indexes) {
            const FoundLog found = find_log(known, index, kAnyLeaderEpoch);
            if (found.code == ErrorCode::kNone) {
                LookUp look_up;
                look_up.of = {response.topics.size() - 1, answers.partitions.size(),
                              found.place.log};
                look_ups[found.place.owner].push_back(std::move(look_up));
            }
            auto& partition = answers.partitions.emplace_back();
            partition.partition_index = index;
            partition.error_code = raw(found.code);
            // Kafka has words for a topic that isn't there, and none for a partition.
            if (known == nullptr) partition.error_message = kNoSuchTopic;
            if (!invalid.empty()) {
                partition.error_code = raw(ErrorCode::kInvalidTopicException);
                partition.error_message = invalid;
            }
        }
    }
    return response;
}

}  // namespace

Task<DescribeProducersResponse> handle_describe_producers(BrokerContext& broker, RequestContext&,
                                                          const DescribeProducersRequest& request) {
    const auto image = broker.view.now();
    LookUps look_ups;
    DescribeProducersResponse response = divide(*image, request, look_ups);
    co_await visit_owners(broker, look_ups, &look_all_up);
    for (auto& [owner, mine] : look_ups) {
        for (LookUp& each : mine) {
            auto& partition = response.topics[each.of.topic].partitions[each.of.partition];
            if (each.found) {
                partition.active_producers = std::move(*each.found);
            } else {
                partition.error_code = raw(to_error_code(each.found.error()));
            }
        }
    }
    co_return response;
}

}  // namespace millrace
