// DeleteRecords, versions 0-2.
//
// Moves the start of logs up to the offsets asked for; -1 is the high watermark. What lies before
// is gone for good when the answer comes: the move is on stable storage. Files go later, when
// retention looks at the log. A partition that is named twice takes the offset named last. The only
// replica is this one, so that nothing is left to time out, as in Kafka.
#include "cluster/handlers/by_owner.hpp"
#include "cluster/handlers/find_log.hpp"
#include "cluster/handlers/handlers.hpp"

#include <map>

namespace millrace {
namespace {

constexpr std::int64_t kHighWatermark = -1;
constexpr std::int64_t kNoLowWatermark = -1;

/// One partition's deletion on its way to its log, and what became of it.
struct Deletion {
    LogPlace place;
    std::int64_t asked{};
    std::int64_t low_watermark{kNoLowWatermark};
    ErrorCode code{ErrorCode::kNone};
};

/// By topic and partition.
using Deletions = std::map<std::string, std::map<std::int32_t, Deletion>>;

Deletion find(const TopicsImage& image, const std::string& topic, std::int32_t partition,
              std::int64_t asked) {
    const FoundLog found = find_log(image.find(topic), partition, kAnyLeaderEpoch);
    const bool is_unknown = found.code == ErrorCode::kUnknownTopicOrPartition;
    Deletion deletion{found.place, asked};
    deletion.code = found.code;
    if (!is_unknown && is_internal_topic(topic)) deletion.code = ErrorCode::kInvalidTopicException;
    return deletion;
}

/// The first half, on the owner, for all logs at once, so that one frame makes them durable.
void ask(Deletion& deletion) {
    PartitionLog& log = *deletion.place.log;
    if (!log.config().cleanup_by_deletion) {
        deletion.code = ErrorCode::kPolicyViolation;
        return;
    }
    const std::int64_t end = log.durable_end().value;
    if (deletion.asked == kHighWatermark) deletion.asked = end;
    if (deletion.asked < 0 || deletion.asked > end) {
        deletion.code = ErrorCode::kOffsetOutOfRange;
        return;
    }
    const auto asked = log.ask_log_start(Offset{deletion.asked});
    if (!asked) deletion.code = to_error_code(asked.error());
}

Task<> delete_all(BrokerContext&, std::vector<Deletion*>& deletions) {
    for (Deletion* const each : deletions) ask(*each);
    for (Deletion* const each : deletions) {
        if (each->code != ErrorCode::kNone) continue;
        const auto moved = co_await each->place.log->advance_log_start(Offset{each->asked});
        if (!moved) each->code = to_error_code(moved.error());
        if (moved) each->low_watermark = each->place.log->log_start_offset().value;
    }
}

DeleteRecordsResponse answer(const Deletions& deletions) {
    DeleteRecordsResponse response;
    for (const auto& [name, partitions] : deletions) {
        auto& topic = response.topics.emplace_back();
        topic.name = name;
        for (const auto& [index, deletion] : partitions) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = index;
            partition.low_watermark = deletion.low_watermark;
            partition.error_code = raw(deletion.code);
        }
    }
    return response;
}

}  // namespace

Task<DeleteRecordsResponse> handle_delete_records(BrokerContext& broker, RequestContext&,
                                                  const DeleteRecordsRequest& request) {
    const auto image = broker.view.now();
    Deletions deletions;
    for (const auto& topic : request.topics) {
        for (const auto& wanted : topic.partitions) {
            deletions[topic.name][wanted.partition_index] =
                find(*image, topic.name, wanted.partition_index, wanted.offset);
        }
    }
    ByOwner<std::vector<Deletion*>> owners;
    for (auto& [topic, partitions] : deletions) {
        for (auto& [index, deletion] : partitions) {
            if (deletion.code != ErrorCode::kNone) continue;
            owners[deletion.place.owner].push_back(&deletion);
        }
    }
    co_await visit_owners(broker, owners, &delete_all);
    co_return answer(deletions);
}

}  // namespace millrace
