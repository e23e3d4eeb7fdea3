// What a cleaner leaves of a batch, as Kafka's does: of each key the newest record, and tombstones
// until their time has come. Pure: bytes in, bytes out.
//
// A batch keeps base and last offset, producer, epoch and sequence whatever goes of it, so that
// nobody takes the next one for a gap. Its codec stays, and its leader epoch. The first time that
// it is seen with a tombstone it is told until when these stay.
#pragma once

#include "core/storage/offset_map.hpp"
#include "core/storage/record_reader.hpp"

#include <vector>

namespace millrace {

/// Filters one batch after the other, with the memory of one record and of one batch.
class BatchFilter {
public:
    struct Rules {
        const OffsetMap& newest;
        TimestampMs now{};
        std::int64_t delete_retention_ms{};
    };

    BatchFilter(const Rules& rules, Decompressor& decompressor)
        : rules_(rules), reader_(decompressor) {}

    /// The bytes that stay of `batch`, a whole one: its own, or others that are borrowed until the
    /// next call; none when all of it goes. With `keeps_empty` its header stays in any case.
    /// Errors: RecordReader's.
    Result<ByteView> filter(ByteView batch, bool keeps_empty);

    std::uint64_t records_dropped() const { return records_dropped_; }

private:
    Result<void> choose(const RecordBatchView& batch);
    bool stays(const RecordBatchView& batch, const RecordView& record) const;
    Result<ByteView> rebuild(const RecordBatchView& batch, bool sets_horizon);
    ByteView empty(ByteView batch);

    const Rules rules_;
    RecordReader reader_;
    std::vector<bool> stays_;  // of the batch's records
    std::int32_t staying_{};
    bool any_tombstone_{};  // of those that stay
    Bytes written_;
    std::uint64_t records_dropped_{};
};

}  // namespace millrace
