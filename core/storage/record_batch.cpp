#include "core/storage/record_batch.hpp"

#include "core/base/crc32c.hpp"

namespace millrace {
namespace {

constexpr std::size_t kCrcCoversFrom = 21;
constexpr int kAppendTimeBit = 8;
constexpr std::size_t kMagicEnds = 17;
// The least that any format's length field counts: a message of magic 0.
constexpr std::int32_t kLengthMin = 14;

}  // namespace

std::uint32_t RecordBatchView::compute_crc() const {
    return crc32c(bytes_.subspan(kCrcCoversFrom, size_in_bytes() - kCrcCoversFrom));
}

Front look_at_front(ByteView bytes) {
    if (bytes.size() < kBatchOverheadBytes) return Front::kNothing;
    const auto length = load_be<std::int32_t>(&bytes[8]);
    if (length < kLengthMin) return Front::kCorrupt;
    if (bytes.size() < kMagicEnds) return Front::kNothing;
    const auto magic = static_cast<std::int8_t>(bytes[16]);
    if (magic < 0 || magic > kMagic) return Front::kCorrupt;
    const std::size_t size = kBatchOverheadBytes + static_cast<std::size_t>(length);
    return size > bytes.size() ? Front::kNothing : Front::kBatch;
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

void set_times(MutableBytes batch, TimestampType type, TimestampMs max_timestamp) {
    const RecordBatchView view(batch);
    const bool append_time = type == TimestampType::kLogAppendTime;
    if (view.is_append_time() == append_time && view.max_timestamp() == max_timestamp) return;
    const int others = view.attributes() & ~kAppendTimeBit;
    store_be(&batch[21], static_cast<std::int16_t>(others | (append_time ? kAppendTimeBit : 0)));
    store_be(&batch[35], max_timestamp);
    store_be(&batch[17], view.compute_crc());
}

}  // namespace millrace
