#include "core/storage/record_batch.hpp"

#include "core/base/crc32c.hpp"
#include "core/storage/record_walk.hpp"

namespace millrace {

namespace {

constexpr std::size_t kCrcCoversFrom = 21;

Result<void> check_header(const RecordBatchView& batch) {
    if (batch.base_offset() != Offset{0}) return Errc::kInvalidRecord;
    if (batch.is_control()) return Errc::kInvalidRecord;
    if (batch.record_count() <= 0) return Errc::kInvalidRecord;
    if (batch.last_offset_delta() != batch.record_count() - 1) return Errc::kInvalidRecord;
    if (batch.producer_id() >= 0 && batch.base_sequence() < 0) return Errc::kInvalidRecord;
    if (batch.codec_bits() > static_cast<std::uint8_t>(Codec::kZstd))
        return Errc::kUnsupportedCodec;
    return {};
}

Result<void> check_offsets_of_plain_records(const RecordBatchView& batch) {
    std::int32_t expected = 0;
    bool in_order = true;
    const auto walked =
        walk_records(batch.records(), batch.record_count(), [&](std::int32_t delta, std::int64_t) {
            in_order = in_order && delta == expected;
            ++expected;
        });
    if (!walked) return walked;
    if (!in_order) return Errc::kInvalidRecord;
    return {};
}

}  // namespace

bool RecordBatchView::crc_holds() const {
    return crc32c(bytes_.subspan(kCrcCoversFrom, size_in_bytes() - kCrcCoversFrom)) == crc();
}

Result<RecordBatchView> parse_batch(ByteView bytes) {
    if (bytes.size() < kBatchHeaderBytes) return Errc::kEndOfStream;
    const RecordBatchView batch(bytes);
    const auto length = load_be<std::int32_t>(&bytes[8]);
    if (length < static_cast<std::int32_t>(kBatchHeaderBytes - kBatchOverheadBytes)) {
        return Errc::kCorruptBatch;
    }
    if (batch.magic() != kMagic || batch.base_offset().value < 0) return Errc::kCorruptBatch;
    if (batch.last_offset_delta() < 0) return Errc::kCorruptBatch;
    if (batch.size_in_bytes() > bytes.size()) return Errc::kEndOfStream;
    return batch;
}

Result<RecordBatchView> validate_produced(ByteView records, std::int32_t batch_bytes_max) {
    if (records.empty()) return Errc::kInvalidRecord;
    const auto batch = parse_batch(records);
    if (!batch) return Errc::kCorruptBatch;
    if (batch->size_in_bytes() != records.size()) return Errc::kInvalidRecord;
    if (records.size() > static_cast<std::size_t>(batch_bytes_max)) return Errc::kBatchTooLarge;
    if (!batch->crc_holds()) return Errc::kCorruptBatch;
    if (const auto header = check_header(*batch); !header) return header.error();
    if (batch->codec() == Codec::kNone) {
        const auto plain = check_offsets_of_plain_records(*batch);
        if (!plain) return plain.error();
    }
    return *batch;
}

}  // namespace millrace
