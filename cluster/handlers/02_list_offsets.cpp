// ListOffsets, versions 0-9.
//
// Offsets by special timestamp (-1 latest, -2 earliest, -3 of the largest timestamp from version 7,
// -4 earliest local from 8, -5 latest tiered from 9) or by time: the first record at or after it,
// with its own timestamp. A timestamp beyond the last record is answered with offset -1 and no
// error. Version 0 answers with a list of offsets instead: the log's end and its segments' first
// offsets, newest first, from the newest one on that is not younger than the time asked for.
#include "cluster/handlers/by_owner.hpp"
#include "cluster/handlers/find_log.hpp"
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

/// The first record of `batch` at or after `target`, and not below `from`.
Result<std::optional<FoundTimestamp>> search_batch(const RecordBatchView& batch, TimestampMs target,
                                                   Offset from) {
    if (batch.is_append_time()) {
        return FoundTimestamp{batch.max_timestamp(), std::max(batch.base_offset(), from),
                              batch.leader_epoch()};
    }
    Decompressor decompressor;
    const auto begun = decompressor.begin(batch.codec(), batch.records());
    if (!begun) return begun.error();
    RecordBlock block(decompressor, kPlainBytesMax);
    std::optional<FoundTimestamp> found;
    const auto walked = walk_records(block, batch.record_count(), [&](const RecordDeltas& deltas) {
        const TimestampMs timestamp = batch.base_timestamp() + deltas.timestamp;
        const Offset offset = batch.base_offset() + deltas.offset;
        if (timestamp < target || offset < from) return true;
        found = FoundTimestamp{timestamp, offset, batch.leader_epoch()};
        return false;
    });
    if (!walked) return walked.error();
    return found;
}

Task<Result<std::optional<FoundTimestamp>>> find_by_time(PartitionLog& log, TimestampMs target,
                                                         Offset from) {
    for (;;) {
        const auto batch = co_await log.find_batch_by_time(target, from);
        if (!batch) co_return batch.error();
        if (!*batch) co_return std::optional<FoundTimestamp>();
        const RecordBatchView view((*batch)->bytes);
        auto found = search_batch(view, target, from);
        // The record that reaches it may be one that was deleted.
        if (!found || *found) co_return found;
        from = view.last_offset() + 1;
    }
}

Task<Result<std::optional<FoundTimestamp>>> look_up(PartitionLog& log, LeaderEpoch epoch,
                                                    TimestampMs asked) {
    using Found = std::optional<FoundTimestamp>;
    if (log.failed()) co_return log.failure();
    switch (asked) {
        case kLatest: co_return Found({kNoTimestamp, log.durable_end(), epoch});
        case kEarliest:
        case kEarliestLocal:
            co_return Found({kNoTimestamp, log.log_start_offset(), log.first_epoch(epoch)});
        case kLatestTiered: co_return Found({kNoTimestamp, Offset{-1}, LeaderEpoch{-1}});
        case kLargest: break;
        default: co_return co_await find_by_time(log, asked, log.log_start_offset());
    }
    const Found largest = log.largest_timestamp();
    if (!largest) co_return Found();
    // As Kafka does, of a deleted record too while its segment is there.
    co_return co_await find_by_time(log, largest->timestamp, Offset{0});
}

/// What version 0 lists. Kafka takes the times of the files; the largest timestamp in a segment
/// says the same and survives a copy.
std::vector<std::int64_t> list_old_style(const PartitionLog& log, TimestampMs now,
                                         TimestampMs asked, std::int32_t offsets_max) {
    const Offset end = log.durable_end();
    const auto starts = log.segment_starts();
    std::vector<std::pair<Offset, TimestampMs>> newest_first;
    // An empty segment begins where the log ends.
    if (starts.empty() || starts.back().first < end) newest_first.emplace_back(end, now);
    for (auto each = starts.rbegin(); each != starts.rend(); ++each) {
        if (each->first > end) continue;
        const TimestampMs time = each->first < end ? each->second : now;
        newest_first.emplace_back(std::max(each->first, log.log_start_offset()), time);
    }
    std::size_t from = 0;
    if (asked == kEarliest) from = newest_first.size() - 1;
    while (asked != kLatest && asked != kEarliest && from < newest_first.size() &&
           newest_first[from].second > asked) {
        ++from;
    }
    std::vector<std::int64_t> offsets;
    const auto most = static_cast<std::size_t>(std::max(offsets_max, 0));
    for (; from < newest_first.size() && offsets.size() < most; ++from) {
        offsets.push_back(newest_first[from].first.value);
    }
    return offsets;
}

/// A look-up, and what was found.
struct LookUp {
    LogQuestion of;
    LeaderEpoch epoch;
    TimestampMs asked{};
    std::int32_t offsets_max{};
    Result<std::optional<FoundTimestamp>> found{Errc::kStopping};
    std::vector<std::int64_t> old_style{};
};

using LookUps = ByOwner<std::vector<LookUp>>;

/// Whether this version knows the timestamp, and then where the log is.
FoundLog check(const RequestContext& context, const TopicImage* topic,
               const ListOffsetsRequest::Partition& wanted) {
    const auto from = known_from(wanted.timestamp);
    // Version 0 knows the two of version 1.
    if (!from || std::max<std::int16_t>(context.version(), 1) < *from) {
        return {ErrorCode::kUnsupportedVersion, {}};
    }
    return find_log(topic, wanted.index, wanted.current_leader_epoch);
}

using Names = std::multiset<std::pair<std::string_view, std::int32_t>>;

Names names_in(const ListOffsetsRequest& request) {
    Names names;
    for (const auto& topic : request.topics) {
        for (const auto& wanted : topic.partitions) names.emplace(topic.name, wanted.index);
    }
    return names;
}

/// The answer so far: refusals stand in it, and what has to be looked up is in `look_ups`.
ListOffsetsResponse divide(const RequestContext& context, const TopicsImage& image,
                           const ListOffsetsRequest& request, LookUps& look_ups) {
    ListOffsetsResponse response;
    const Names names = names_in(request);
    for (const auto& topic : request.topics) {
        auto& answers = response.topics.emplace_back();
        answers.name = topic.name;
        const TopicImage* const known = image.find(topic.name);
        for (const auto& wanted : topic.partitions) {
            const bool twice = context.version() > 0 && names.count({topic.name, wanted.index}) > 1;
            const FoundLog found =
                twice ? FoundLog{ErrorCode::kInvalidRequest, {}} : check(context, known, wanted);
            if (found.code == ErrorCode::kNone) {
                LookUp look_up;
                look_up.of = {response.topics.size() - 1, answers.partitions.size(),
                              found.place.log};
                look_up.epoch = known->leader_epoch;
                look_up.asked = wanted.timestamp;
                look_up.offsets_max = wanted.offsets_max;
                look_ups[found.place.owner].push_back(std::move(look_up));
            }
            auto& partition = answers.partitions.emplace_back();
            partition.index = wanted.index;
            partition.error_code = raw(found.code);
        }
    }
    return response;
}

/// On the owner. Version 0 asks for lists.
Task<> look_all_up(World& here, std::vector<LookUp>& look_ups, bool lists) {
    for (LookUp& each : look_ups) {
        if (lists) {
            each.old_style =
                list_old_style(*each.of.log, here.wall_clock_ms(), each.asked, each.offsets_max);
            continue;
        }
        each.found = co_await look_up(*each.of.log, each.epoch, each.asked);
    }
}

void conclude(const RequestContext& context, const LookUp& look_up,
              ListOffsetsResponse::Partition& partition) {
    if (context.version() == 0) {
        partition.old_style_offsets = look_up.old_style;
        return;
    }
    if (!look_up.found) {
        partition.error_code = raw(to_error_code(look_up.found.error()));
        return;
    }
    const std::optional<FoundTimestamp>& found = *look_up.found;
    if (!found) return;
    partition.timestamp = found->timestamp;
    partition.offset = found->offset.value;
    if (context.version() >= kLeaderEpochFrom) partition.leader_epoch = found->leader_epoch.value;
}

}  // namespace

Task<ListOffsetsResponse> handle_list_offsets(BrokerContext& broker, RequestContext& context,
                                              const ListOffsetsRequest& request) {
    const auto image = broker.view.now();
    LookUps look_ups;
    ListOffsetsResponse response = divide(context, *image, request, look_ups);
    const bool lists = context.version() == 0;
    const auto visit = [lists](BrokerContext& there, std::vector<LookUp>& mine) {
        return look_all_up(there.world, mine, lists);
    };
    co_await visit_owners(broker, look_ups, visit);
    for (const auto& [owner, mine] : look_ups) {
        for (const LookUp& each : mine) {
            conclude(context, each, response.topics[each.of.topic].partitions[each.of.partition]);
        }
    }
    co_return response;
}

}  // namespace millrace
