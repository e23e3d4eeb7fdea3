// ListOffsets, versions 0-9.
//
// Offsets by special timestamp (-1 latest, -2 earliest, -3 of the largest timestamp from version 7,
// -4 earliest local from 8, -5 latest tiered from 9) or by time: the first record at or after it,
// with its own timestamp. A timestamp beyond the last record is answered with offset -1 and no
// error. Version 0 answers with a list of offsets instead: the log's end and its segments' first
// offsets, newest first, from the newest one on that is not younger than the time asked for.
#include "cluster/handlers/handlers.hpp"
#include "core/storage/record_walk.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>
#include <set>

namespace millrace {
namespace {

constexpr TimestampMs kLatest = -1;
constexpr TimestampMs kEarliest = -2;
constexpr TimestampMs kLargest = -3;
constexpr TimestampMs kEarliestLocal = -4;
constexpr TimestampMs kLatestTiered = -5;
constexpr std::int16_t kLeaderEpochFrom = 4;
// What a batch may hold without compression for a search by time to read it.
constexpr std::uint64_t kPlainBytesMax = std::uint64_t{1} << 32;

/// The version from which a special timestamp is known; nothing for one that none knows.
std::optional<std::int16_t> known_from(TimestampMs timestamp) {
    switch (timestamp) {
        case kLargest: return 7;
        case kEarliestLocal: return 8;
        case kLatestTiered: return 9;
        default: return timestamp >= kEarliest ? std::optional<std::int16_t>(1) : std::nullopt;
    }
}

/// The first record of `batch` at or after `target`.
Result<std::optional<FoundTimestamp>> search_batch(const RecordBatchView& batch,
                                                   TimestampMs target) {
    if (batch.is_append_time()) {
        return FoundTimestamp{batch.max_timestamp(), batch.base_offset(), batch.leader_epoch()};
    }
    Decompressor decompressor;
    const auto begun = decompressor.begin(batch.codec(), batch.records());
    if (!begun) return begun.error();
    RecordBlock block(decompressor, kPlainBytesMax);
    std::optional<FoundTimestamp> found;
    const auto walked = walk_records(block, batch.record_count(), [&](const RecordDeltas& deltas) {
        const TimestampMs timestamp = batch.base_timestamp() + deltas.timestamp;
        if (timestamp < target) return true;
        found =
            FoundTimestamp{timestamp, batch.base_offset() + deltas.offset, batch.leader_epoch()};
        return false;
    });
    if (!walked) return walked.error();
    return found;
}

Task<Result<std::optional<FoundTimestamp>>> find_by_time(PartitionLog& log, TimestampMs target) {
    const auto batch = co_await log.find_batch_by_time(target);
    if (!batch) co_return batch.error();
    if (!*batch) co_return std::optional<FoundTimestamp>();
    co_return search_batch(RecordBatchView((*batch)->batches), target);
}

Task<Result<std::optional<FoundTimestamp>>> look_up(PartitionLog& log, LeaderEpoch epoch,
                                                    TimestampMs asked) {
    using Found = std::optional<FoundTimestamp>;
    switch (asked) {
        case kLatest: co_return Found({kNoTimestamp, log.durable_end(), epoch});
        case kEarliest:
        case kEarliestLocal: co_return Found({kNoTimestamp, log.log_start_offset(), epoch});
        case kLatestTiered: co_return Found({kNoTimestamp, Offset{-1}, LeaderEpoch{-1}});
        case kLargest: break;
        default: co_return co_await find_by_time(log, asked);
    }
    const Found largest = log.largest_timestamp();
    if (!largest) co_return Found();
    co_return co_await find_by_time(log, largest->timestamp);
}

/// What version 0 lists. Kafka takes the times of the files; the largest timestamp in a segment
/// says the same and survives a copy.
std::vector<std::int64_t> list_old_style(const PartitionLog& log, TimestampMs now,
                                         const ListOffsetsRequest::Partition& wanted) {
    const Offset end = log.durable_end();
    std::vector<std::pair<Offset, TimestampMs>> newest_first{{end, now}};
    const auto starts = log.segment_starts();
    for (auto each = starts.rbegin(); each != starts.rend(); ++each) {
        if (each->first < end) newest_first.push_back(*each);
    }
    std::size_t from = 0;
    if (wanted.timestamp == kEarliest) from = newest_first.size() - 1;
    while (wanted.timestamp != kLatest && wanted.timestamp != kEarliest &&
           from < newest_first.size() && newest_first[from].second > wanted.timestamp) {
        ++from;
    }
    std::vector<std::int64_t> offsets;
    const auto most = static_cast<std::size_t>(std::max(wanted.offsets_max, 0));
    for (; from < newest_first.size() && offsets.size() < most; ++from) {
        offsets.push_back(newest_first[from].first.value);
    }
    return offsets;
}

Task<ListOffsetsResponse::Partition> answer(BrokerContext& broker, const RequestContext& context,
                                            std::string_view topic,
                                            const ListOffsetsRequest::Partition& wanted) {
    ListOffsetsResponse::Partition partition;
    partition.index = wanted.index;
    PartitionLog* const log = broker.topics.find_log(topic, wanted.index);
    if (context.version() == 0) {
        if (log == nullptr) {
            partition.error_code = raw(ErrorCode::kUnknownTopicOrPartition);
        } else {
            partition.old_style_offsets =
                list_old_style(*log, broker.world.wall_clock_ms(), wanted);
        }
        co_return partition;
    }
    const auto from = known_from(wanted.timestamp);
    if (!from || context.version() < *from) {
        partition.error_code = raw(ErrorCode::kUnsupportedVersion);
        co_return partition;
    }
    if (log == nullptr) {
        partition.error_code = raw(ErrorCode::kUnknownTopicOrPartition);
        co_return partition;
    }
    const LeaderEpoch epoch = broker.topics.find(topic)->leader_epoch;
    const std::int32_t asked = wanted.current_leader_epoch;
    if (asked >= 0 && asked != epoch.value) {
        partition.error_code = raw(asked < epoch.value ? ErrorCode::kFencedLeaderEpoch
                                                       : ErrorCode::kUnknownLeaderEpoch);
        co_return partition;
    }
    const auto found = co_await look_up(*log, epoch, wanted.timestamp);
    if (!found) {
        partition.error_code = raw(to_error_code(found.error()));
    } else if (*found) {
        partition.timestamp = (*found)->timestamp;
        partition.offset = (*found)->offset.value;
        if (context.version() >= kLeaderEpochFrom) {
            partition.leader_epoch = (*found)->leader_epoch.value;
        }
    }
    co_return partition;
}

using Names = std::multiset<std::pair<std::string_view, std::int32_t>>;

Names names_in(const ListOffsetsRequest& request) {
    Names names;
    for (const auto& topic : request.topics) {
        for (const auto& wanted : topic.partitions) names.emplace(topic.name, wanted.index);
    }
    return names;
}

}  // namespace

Task<ListOffsetsResponse> handle_list_offsets(BrokerContext& broker, RequestContext& context,
                                              const ListOffsetsRequest& request) {
    ListOffsetsResponse response;
    const Names names = names_in(request);
    for (const auto& topic : request.topics) {
        response.topics.emplace_back().name = topic.name;
        for (const auto& wanted : topic.partitions) {
            ListOffsetsResponse::Partition partition;
            if (context.version() > 0 && names.count({topic.name, wanted.index}) > 1) {
                partition.index = wanted.index;
                partition.error_code = raw(ErrorCode::kInvalidRequest);
            } else {
                partition = co_await answer(broker, context, topic.name, wanted);
            }
            response.topics.back().partitions.push_back(std::move(partition));
        }
    }
    co_return response;
}

}  // namespace millrace
