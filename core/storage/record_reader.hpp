// Whole records of a batch, one after the other: for whoever writes them anew. Who only checks them
// walks (core/storage/record_walk.hpp).
#pragma once

#include "core/storage/record_batch.hpp"
#include "core/storage/record_walk.hpp"

#include <optional>

namespace millrace {

/// What records may come to when they are decompressed: time on this shard.
inline std::uint64_t plain_bytes_max(std::size_t compressed) {
    constexpr std::uint64_t kBytesMax = 256 << 20;
    constexpr std::uint64_t kRatioMax = 32;
    return std::max(kBytesMax, kRatioMax * compressed);
}

/// A record in somebody else's memory. Null is not empty.
struct RecordView {
    std::int32_t offset_delta{};
    std::int64_t timestamp_delta{};
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    ByteView headers;  // as they are encoded, their count first
};

/// The record that `bytes` hold behind their length, down to the structure of its headers; nothing
/// when they don't hold exactly one.
std::optional<RecordView> parse_record(ByteView bytes);

/// Reads the records of batches, and keeps the memory that it needs between them.
class RecordReader {
public:
    explicit RecordReader(Decompressor& decompressor) : decompressor_(decompressor) {}

    /// Calls `on_record(RecordView)` for each record of the batch; false from it ends the walk. The
    /// view is borrowed for the call. Errc::kInvalidRecord when their structure does not hold,
    /// kMalformed when the block does not decompress, kTooLarge when it grows over
    /// plain_bytes_max().
    template <class OnRecord>
    Result<void> read(const RecordBatchView& batch, OnRecord on_record) {
        if (batch.codec() == Codec::kNone) {
            RecordBlock block(batch.records());
            return read_block(block, batch.record_count(), on_record);
        }
        const ByteView compressed = batch.records();
        if (!decompressor_.begin(batch.codec(), compressed)) return Errc::kMalformed;
        RecordBlock block(decompressor_, plain_bytes_max(compressed.size()));
        return read_block(block, batch.record_count(), on_record);
    }

private:
    static Error error_of(const RecordBlock& block) {
        return block.error() ? block.error() : make_error_code(Errc::kInvalidRecord);
    }

    template <class OnRecord>
    Result<void> read_block(RecordBlock& block, std::int32_t count, OnRecord on_record) {
        for (std::int32_t i = 0; i < count; ++i) {
            std::int32_t size = 0;
            ByteView bytes;
            if (!block.read(size) || size < 0) return error_of(block);
            if (!block.take(static_cast<std::size_t>(size), bytes, scratch_)) {
                return error_of(block);
            }
            const auto record = parse_record(bytes);
            if (!record) return Errc::kInvalidRecord;
            if (!on_record(*record)) return {};
        }
        if (block.at_end()) return {};
        return error_of(block);
    }

    Decompressor& decompressor_;
    Bytes scratch_;
};

}  // namespace millrace
