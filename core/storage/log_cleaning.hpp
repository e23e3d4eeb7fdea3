// One cleaning of one log: which record is the newest of each key, and then every segment without
// the others.
//
// The map of keys is made from the dirty part alone, and bounds what is cleaned when it is full.
// Then all segments before its end are written anew in groups, each exchanged by itself: a cleaning
// that is cut short has cleaned the groups before, and the next one begins where this one began.
#pragma once

#include "core/config/cleaner_config.hpp"
#include "core/storage/batch_filter.hpp"
#include "core/storage/cleaned_segment.hpp"
#include "core/storage/partition_log.hpp"
#include "core/storage/throttle.hpp"

#include <optional>

namespace millrace {

/// What the cleanings of one part share, one after the other.
struct CleaningTools {
    explicit CleaningTools(World& where)
        : world(where), throttle(where), secret{where.random(), where.random()} {}

    World& world;
    CleanerConfig config;
    Throttle throttle;
    Decompressor decompressor;
    HashSecret secret;
    bool stopping{};
};

/// Lives as long as its log is kept open by who runs it, on that log's shard. Memory: the map.
class LogCleaning {
public:
    LogCleaning(CleaningTools& tools, PartitionLog& log, const CleaningRange& range);

    /// Success: the log is clean up to what cleaned_to() says then. Nothing is cleaned, without an
    /// error, when the dirty part begins with a transaction or an index of them is there:
    /// is_blocked(). Errors: kStopping; kCancelled, when the log moved meanwhile; ENOSPC;
    /// kCorruptBatch and the like for damage.
    Task<Result<void>> run();
    bool is_blocked() const { return map_.last() < range_.first_dirty; }

private:
    enum class MapStep { kNext, kEnd };

    Task<Result<void>> look_for_transactions();
    Task<Result<void>> build_map();
    Task<Result<void>> map_segment(LogSegment& segment);
    /// kEnd: the map ends with this batch, or before it.
    Result<MapStep> map_batch(const RecordBatchView& batch);
    Task<Result<void>> clean_group(std::vector<Offset> bases);
    Task<Result<void>> write_group(CleanedSegment& into, const std::vector<Offset>& bases);
    Task<Result<void>> filter_segment(CleanedSegment& into, LogSegment& segment);
    bool keeps_empty(const RecordBatchView& batch) const;
    Task<Result<void>> pause(std::uint64_t bytes);
    std::size_t piece_bytes() const;

    CleaningTools& tools_;
    World& world_;
    PartitionLog& log_;
    const CleaningRange range_;
    const TopicConfig topic_;
    OffsetMap map_;
    BatchFilter filter_;
    RecordReader reader_;
    bool map_ended_{};
    bool has_aborted_{};
};

}  // namespace millrace
