// One segment of a partition's log: the file of batches and its two indexes, in Kafka's bytes.
//
// The indexes also live in memory. Their files only gain entries for batches that are already in
// the log file, and are built anew from it after an unclean stop, so they can't point past the log.
#pragma once

#include "core/runtime/file.hpp"
#include "core/storage/record_batch.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct IndexEntry {
    std::int32_t relative_offset;
    std::int32_t position;
};

struct TimeIndexEntry {
    TimestampMs timestamp;
    std::int32_t relative_offset;
};

/// What an index must know of a batch that was written.
struct BatchMeta {
    Offset base;
    Offset last;
    TimestampMs max_timestamp;
    LeaderEpoch epoch;
    std::uint32_t size;

    explicit BatchMeta(const RecordBatchView& batch)
        : base(batch.base_offset()),
          last(batch.last_offset()),
          max_timestamp(batch.max_timestamp()),
          epoch(batch.leader_epoch()),
          size(static_cast<std::uint32_t>(batch.size_in_bytes())) {}
};

/// Owned by its PartitionLog, on that log's shard. Must be closed before it goes.
class LogSegment {
public:
    /// New files, named by `base`; the caller syncs the folder.
    static Task<Result<std::unique_ptr<LogSegment>>> create(World& world, std::string folder,
                                                            Offset base);
    /// Existing files. With `verify`, every batch is read and checked, the log file is cut at the
    /// first bad one and the indexes are built anew; without, the indexes are believed and only
    /// what lies behind their last entry is walked.
    static Task<Result<std::unique_ptr<LogSegment>>> open(World& world, std::string folder,
                                                          Offset base, bool verify,
                                                          std::int32_t index_interval_bytes);

    Offset base() const { return base_; }
    /// The offset behind the last batch.
    Offset next_offset() const { return next_offset_; }
    std::uint64_t size() const { return size_; }
    std::int64_t created_ms() const { return created_ms_; }
    TimestampMs first_timestamp() const { return first_timestamp_; }
    TimestampMs max_timestamp() const { return max_timestamp_; }
    Offset max_timestamp_offset() const { return max_timestamp_offset_; }
    bool was_cut() const { return was_cut_; }
    std::size_t index_bytes() const { return index_.size() * 8; }
    /// Epochs of the batches that a verifying open() has seen, where they begin.
    const std::vector<BatchMeta>& epoch_starts() const { return epoch_starts_; }

    /// Writes batches that lie one behind the other, in offset order.
    Task<Result<void>> append(ByteView batches, std::span<const BatchMeta> metas,
                              std::int32_t index_interval_bytes);
    Task<Result<void>> sync() { return log_.sync(SyncScope::kData); }
    /// The closing time index entry and all index files on stable storage: the segment is full.
    Task<Result<void>> finish();
    Task<Result<void>> close();

    /// A position at or before the batch that holds `offset`.
    std::uint64_t position_before(Offset offset) const;
    /// A position at or before the first batch with a timestamp of at least `target`.
    std::uint64_t position_before_time(TimestampMs target) const;

    Task<Result<std::size_t>> read_some(std::uint64_t position, MutableBytes into) {
        return log_.read_some_at(position, into);
    }

private:
    LogSegment(World& world, Offset base) : world_(world), base_(base), next_offset_(base) {}

    Task<Result<void>> open_files(std::string folder, OpenMode mode);
    Task<Result<void>> load_indexes();
    Task<Result<void>> walk_from(std::uint64_t position, bool verify, std::uint64_t file_size,
                                 std::int32_t index_interval_bytes);
    Task<Result<void>> rewrite_indexes();
    Task<Result<void>> write_new_index_entries();
    void note(const BatchMeta& meta, std::int32_t index_interval_bytes);
    void add_time_entry();

    World& world_;
    const Offset base_;
    File log_;
    File index_file_;
    File time_index_file_;

    Offset next_offset_;
    std::uint64_t size_{};
    std::uint64_t bytes_since_entry_{};
    std::int64_t created_ms_{};
    TimestampMs first_timestamp_{kNoTimestamp};
    TimestampMs max_timestamp_{kNoTimestamp};
    Offset max_timestamp_offset_{-1};
    bool was_cut_{};

    std::vector<IndexEntry> index_;
    std::vector<TimeIndexEntry> time_index_;
    // How many entries of each are in the files.
    std::size_t index_written_{};
    std::size_t time_index_written_{};
    std::vector<BatchMeta> epoch_starts_;
};

/// `base` in 20 digits and `suffix`.
std::string segment_file_name(Offset base, std::string_view suffix);

}  // namespace millrace
