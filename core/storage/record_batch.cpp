#include "core/storage/record_batch.hpp"

#include "core/base/crc32c.hpp"

namespace millrace {
namespace {

constexpr std::size_t kCrcCoversFrom = 21;
constexpr int kAppendTimeBit = 8;

}  // namespace

std::uint32_t RecordBatchView::compute_crc() const {
    return crc32c(bytes_.subspan(kCrcCoversFrom, size_in_bytes() - kCrcCoversFrom));
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

void set_create_time(MutableBytes batch, TimestampMs max_timestamp) {
    const RecordBatchView view(batch);
    if (!view.is_append_time() && view.max_timestamp() == max_timestamp) return;
    store_be(&batch[21], static_cast<std::int16_t>(view.attributes() & ~kAppendTimeBit));
    store_be(&batch[35], max_timestamp);
    store_be(&batch[17], view.compute_crc());
}

}  // namespace millrace
