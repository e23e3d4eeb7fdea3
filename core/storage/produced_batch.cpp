#include "core/storage/produced_batch.hpp"

#include "core/storage/record_walk.hpp"

#include <algorithm>

namespace millrace {
namespace {

// What a block may grow to: time on this shard, for nothing of it is kept.
constexpr std::uint64_t kPlainBytesMax = 256 << 20;
constexpr std::uint64_t kPlainRatioMax = 32;

constexpr std::size_t kMagicEnds = 17;
// The least that any format's length field counts: a message of magic 0.
constexpr std::int32_t kLengthMin = 14;

enum class Found { kBatch, kNothing, kCorrupt };

/// What a reader of Kafka's makes of the front of `bytes`: a batch of any format, nothing but a
/// cut-off one, or no batch at all.
Found look_at(ByteView bytes) {
    if (bytes.size() < kMagicEnds) return Found::kNothing;
    const auto length = load_be<std::int32_t>(&bytes[8]);
    const auto magic = static_cast<std::int8_t>(bytes[16]);
    if (length < kLengthMin || magic < 0 || magic > kMagic) return Found::kCorrupt;
    const std::size_t size = kBatchOverheadBytes + static_cast<std::size_t>(length);
    return size > bytes.size() ? Found::kNothing : Found::kBatch;
}

Result<MutableBytes> find_single_batch(MutableBytes records) {
    const Found first = look_at(records);
    if (first == Found::kCorrupt) return Errc::kCorruptBatch;
    if (first == Found::kNothing) return Errc::kInvalidRecord;
    const std::size_t size =
        kBatchOverheadBytes + static_cast<std::size_t>(load_be<std::int32_t>(&records[8]));
    if (static_cast<std::int8_t>(records[16]) != kMagic) return Errc::kInvalidRecord;
    const Found second = look_at(records.subspan(size));
    if (second == Found::kCorrupt) return Errc::kCorruptBatch;
    if (second == Found::kBatch) return Errc::kInvalidRecord;
    if (size < kBatchHeaderBytes) return Errc::kCorruptBatch;
    return records.first(size);
}

Result<void> check_header(const RecordBatchView& batch, const ProduceRules& rules) {
    if (batch.base_offset() != Offset{0}) return Errc::kInvalidRecord;
    if (batch.size_in_bytes() > static_cast<std::size_t>(rules.batch_bytes_max)) {
        return Errc::kBatchTooLarge;
    }
    if (!batch.crc_holds()) return Errc::kCorruptBatch;
    if (batch.codec_bits() > static_cast<std::uint8_t>(Codec::kZstd)) {
        return Errc::kUnsupportedCodec;
    }
    const std::int64_t offsets = std::int64_t{batch.last_offset_delta()} + 1;
    if (batch.record_count() <= 0 || offsets != batch.record_count()) return Errc::kInvalidRecord;
    if (batch.is_control()) return Errc::kInvalidRecord;
    if (batch.producer_id() >= 0 && batch.base_sequence() < 0) return Errc::kInvalidRecord;
    return {};
}

/// The largest timestamp of the records, whose offsets follow each other from 0.
Result<TimestampMs> check_records(const RecordBatchView& batch, RecordBlock block) {
    TimestampMs largest = kNoTimestamp;
    std::int32_t expected = 0;
    bool in_order = true;
    const auto walked = walk_records(block, batch.record_count(), [&](const RecordDeltas& deltas) {
        // A producer's sum may wrap, as it does in Java.
        const auto timestamp =
            static_cast<TimestampMs>(static_cast<std::uint64_t>(batch.base_timestamp()) +
                                     static_cast<std::uint64_t>(deltas.timestamp));
        largest = std::max(largest, timestamp);
        in_order = deltas.offset == expected++;
        return in_order;
    });
    if (!walked) return walked.error();
    if (!in_order) return Errc::kInvalidRecord;
    return largest;
}

Result<TimestampMs> check_compressed(const RecordBatchView& batch, Decompressor& decompressor) {
    const ByteView block = batch.records();
    const auto begun = decompressor.begin(batch.codec(), block);
    if (!begun) return Errc::kInvalidRecord;
    const std::uint64_t limit = std::max(kPlainBytesMax, kPlainRatioMax * block.size());
    const auto largest = check_records(batch, RecordBlock(decompressor, limit));
    if (largest) return largest;
    const bool too_large = largest.error() == make_error_code(Errc::kTooLarge);
    return too_large ? Errc::kBatchTooLarge : Errc::kInvalidRecord;
}

}  // namespace

Result<MutableBytes> accept_produced(MutableBytes records, const ProduceRules& rules,
                                     Decompressor& decompressor) {
    const auto found = find_single_batch(records);
    if (!found) return found.error();
    const RecordBatchView batch(*found);
    const bool zstd = batch.codec_bits() == static_cast<std::uint8_t>(Codec::kZstd);
    if (zstd && !rules.zstd_allowed) return Errc::kUnsupportedCodec;
    const auto header = check_header(batch, rules);
    if (!header) return header.error();
    auto largest = batch.codec() == Codec::kNone
                       ? check_records(batch, RecordBlock(batch.records()))
                       : check_compressed(batch, decompressor);
    if (!largest) return largest.error();
    if (batch.is_append_time()) {
        // The broker's clock is the broker's to claim. Kafka takes such a batch for one whose
        // records all have the time in its header, refuses it without one, and clears the mark.
        if (batch.max_timestamp() == kNoTimestamp) return Errc::kInvalidTimestamp;
        largest = batch.max_timestamp();
    }
    set_create_time(*found, *largest);
    return *found;
}

}  // namespace millrace
