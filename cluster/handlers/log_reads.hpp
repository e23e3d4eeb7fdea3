// What one fetch reads from logs of several shards, together within one limit, and the wait for
// more.
#pragma once

#include "cluster/handlers/by_owner.hpp"
#include "cluster/handlers/fetch_partitions.hpp"

#include <vector>

namespace millrace {

/// How much may be read, and how.
struct ReadLimit {
    std::size_t bytes;
    bool any;  // the first batch of all comes whole, even when it is larger
    ReadInto into;
};

/// A partition on its way to its log's shard, and what was read there.
struct LogRead {
    std::size_t place{};  // in the order of what is wanted
    FetchPartition* wanted{};
    ShardNumber owner{};
    PartitionLog* log{};
    LeaderEpoch epoch;
    const TopicConfig* config{};  // of the image that the request goes by
    std::size_t bytes_max{};
    std::size_t available{};  // of these bytes, as far as they were counted
    bool any_there{};         // a batch, though none of it may be within the limit
    bool lies_behind{};       // of these some are in an older segment than the log's end
    std::optional<EpochEnd>
        diverging{};  // where the reader's log parts from this one: nothing is read
    std::optional<LogCursor> place_in_log{};
    Result<Parts> read{Parts()};
    Offset durable_end;
    Offset log_start;
};

/// The reads of one owner.
struct OwnerReads {
    std::vector<LogRead> reads;
    ReadLimit limit{};
    bool pending{};    // there is more than the limit: nothing is read yet
    LogRead* whole{};  // of these, the one whose first batch comes whole in a visit of its own
};

/// The reads of one request.
using LogReads = ByOwner<OwnerReads>;

/// In the order of what is wanted.
std::vector<LogRead*> in_order(LogReads& reads);

/// Reads whole batches, all owners at once, in their order where the limit doesn't reach
/// for all. Beyond the limit is at most the one batch that comes whole.
///
/// Of several owners each has a part of the limit to read from at once. Only when one has more
/// than its part, what the others have left is divided, in a second visit.
Task<> read_everywhere(BrokerContext& broker, LogReads& reads, ReadLimit limit);

/// Counts what could be read, without reading: until `enough` bytes are there, or some in an older
/// segment (whoever is so far behind doesn't wait), a log has something else to tell, or the
/// deadline has passed.
Task<> wait_until_available(BrokerContext& broker, LogReads& reads, std::size_t enough,
                            Time deadline);

/// Until one of the logs has moved beyond the durable end that was noted, or the deadline has
/// passed.
Task<> wait_for_any(BrokerContext& broker, const LogReads& reads, Time deadline);

}  // namespace millrace
