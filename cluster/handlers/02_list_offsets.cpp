// ListOffsets, versions 1-9.
//
// Offsets by special timestamp (-1 latest, -2 earliest, -3 of the largest timestamp from version 7,
// -4 earliest local from 8, -5 latest tiered from 9) or by time: the first record at or after it,
// with its own timestamp. A timestamp beyond the last record is answered with offset -1 and no
// error.
#include "cluster/handlers/handlers.hpp"
#include "core/storage/compression.hpp"
#include "core/storage/record_walk.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

constexpr TimestampMs kLatest = -1;
constexpr TimestampMs kEarliest = -2;
constexpr TimestampMs kLargest = -3;
constexpr TimestampMs kEarliestLocal = -4;
constexpr TimestampMs kLatestTiered = -5;
constexpr std::int16_t kLeaderEpochFrom = 4;
// One batch's records, decompressed: what a search by time may hold in memory.
constexpr std::size_t kDecompressedMax = 256 << 20;

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
    Bytes plain;
    ByteView block = batch.records();
    if (batch.codec() != Codec::kNone) {
        auto decompressed = decompress(batch.codec(), block, kDecompressedMax);
        if (!decompressed) return decompressed.error();
        plain = std::move(*decompressed);
        block = plain;
    }
    std::optional<FoundTimestamp> found;
    const auto walked = walk_records(
        block, batch.record_count(), [&](std::int32_t offset_delta, std::int64_t time_delta) {
            const TimestampMs timestamp = batch.base_timestamp() + time_delta;
            if (found || timestamp < target) return;
            found =
                FoundTimestamp{timestamp, batch.base_offset() + offset_delta, batch.leader_epoch()};
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

Task<ListOffsetsResponse::Partition> answer(BrokerContext& broker, const RequestContext& context,
                                            std::string_view topic,
                                            const ListOffsetsRequest::Partition& wanted) {
    ListOffsetsResponse::Partition partition;
    partition.index = wanted.index;
    PartitionLog* const log = broker.topics.find_log(topic, wanted.index);
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

}  // namespace

Task<ListOffsetsResponse> handle_list_offsets(BrokerContext& broker, RequestContext& context,
                                              const ListOffsetsRequest& request) {
    ListOffsetsResponse response;
    for (const auto& topic : request.topics) {
        response.topics.emplace_back().name = topic.name;
        for (const auto& wanted : topic.partitions) {
            auto partition = co_await answer(broker, context, topic.name, wanted);
            response.topics.back().partitions.push_back(std::move(partition));
        }
    }
    co_return response;
}

}  // namespace millrace
