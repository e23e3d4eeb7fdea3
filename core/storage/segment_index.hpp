// The two indexes of a segment, in memory and in Kafka's bytes: offsets to positions, timestamps to
// offsets. Sparse: an entry per index.interval.bytes.
#pragma once

#include "core/storage/record_batch.hpp"

#include <vector>

namespace millrace {

/// What an index must know of a batch.
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

/// Owned by its LogSegment.
class SegmentIndex {
public:
    /// Bytes for the end of an index file, and where they go.
    struct Addition {
        std::uint64_t position;
        Bytes bytes;
    };

    SegmentIndex(Offset base, std::int32_t interval_bytes)
        : base_(base), interval_bytes_(static_cast<std::uint64_t>(interval_bytes)) {}

    /// A batch was appended at `position`.
    void note(const BatchMeta& meta, std::uint64_t position);
    /// The segment is full: the entry for its largest timestamp.
    void close(std::uint64_t size);

    /// Takes the entries of the files that can be true for `size` bytes of log below `end`; the
    /// first that can't, and all behind it, are left out.
    void load(ByteView offsets, ByteView timestamps, std::uint64_t size, Offset end);
    void clear();
    /// Where the batch of the last entry begins: what lies behind has to be walked.
    std::uint64_t last_position() const { return offsets_.empty() ? 0 : offsets_.back().position; }

    /// A position at or before the batch that holds `offset`.
    std::uint64_t position_before(Offset offset) const;
    /// Where the last batch begins that an entry names between `from` and `to`; `from` when none
    /// does.
    std::uint64_t last_position_in(std::uint64_t from, std::uint64_t to) const;
    /// A position at or before the first batch with a timestamp of at least `target`.
    std::uint64_t position_before_time(TimestampMs target) const;

    /// Entries for batches that begin before `filled` and are in no file yet.
    Addition take_offsets(std::uint64_t filled);
    Addition take_timestamps(std::uint64_t filled);
    /// What was taken couldn't be written: it is taken again.
    void give_back_offsets(std::uint64_t position) { offsets_written_ = position / 8; }
    void give_back_timestamps(std::uint64_t position) { timestamps_written_ = position / 12; }
    bool has_unwritten(std::uint64_t filled) const;

    std::size_t offset_bytes() const { return offsets_.size() * 8; }
    std::size_t timestamp_bytes() const { return timestamps_.size() * 12; }
    /// One more entry, or the one for the end, has no place in files of at most `bytes`.
    bool is_full(std::size_t bytes) const;
    /// The largest of the segment's first batch.
    TimestampMs first_timestamp() const { return first_timestamp_; }
    void set_first_timestamp(TimestampMs timestamp) { first_timestamp_ = timestamp; }
    TimestampMs max_timestamp() const { return max_timestamp_; }
    Offset max_timestamp_offset() const { return max_timestamp_offset_; }

private:
    struct OffsetEntry {
        std::int32_t relative_offset;
        std::uint32_t position;
    };
    struct TimeEntry {
        TimestampMs timestamp;
        std::int32_t relative_offset;
        std::uint32_t position;  // of the log when the entry was made; not in the file
    };

    void add_offset_entry(const OffsetEntry& entry);
    void add_time_entry(std::uint64_t position);

    const Offset base_;
    const std::uint64_t interval_bytes_;
    std::vector<OffsetEntry> offsets_;
    std::vector<TimeEntry> timestamps_;
    // Of the last entries, which over thousands of logs no cache of the processor has.
    std::int64_t newest_relative_offset_{-1};
    TimestampMs newest_timestamp_{kNoTimestamp};
    // How many entries of each are in the files.
    std::size_t offsets_written_{};
    std::size_t timestamps_written_{};
    std::uint64_t bytes_since_entry_{};
    TimestampMs first_timestamp_{kNoTimestamp};
    TimestampMs max_timestamp_{kNoTimestamp};
    Offset max_timestamp_offset_{-1};
};

}  // namespace millrace
