#include "core/storage/batch_builder.hpp"

#include "core/base/assert.hpp"

namespace millrace {

Bytes BatchBuilder::finish() && {
    expect(records_ > 0, "a batch has records");
    compressor_.finish();
    constexpr int kAppendTimeBit = 8;
    constexpr int kTransactionalBit = 16;
    constexpr int kDeleteHorizonBit = 64;
    const int attributes = static_cast<int>(frame_.codec) |
                           (frame_.append_time ? kAppendTimeBit : 0) |
                           (frame_.is_transactional ? kTransactionalBit : 0) |
                           (frame_.delete_horizon ? kDeleteHorizonBit : 0);
    store_be(&batch_[8], static_cast<std::int32_t>(batch_.size() - kBatchOverheadBytes));
    store_be(&batch_[12], std::int32_t{-1});
    batch_[16] = static_cast<std::byte>(kMagic);
    store_be(&batch_[21], static_cast<std::int16_t>(attributes));
    store_be(&batch_[23], frame_.last_offset_delta.value_or(records_ - 1));
    store_be(&batch_[27], base_timestamp_);
    store_be(&batch_[35], frame_.append_time.value_or(max_timestamp_));
    store_be(&batch_[43], frame_.producer_id);
    store_be(&batch_[51], frame_.producer_epoch);
    store_be(&batch_[53], frame_.base_sequence);
    store_be(&batch_[57], records_);
    store_be(&batch_[17], RecordBatchView(batch_).compute_crc());
    return std::move(batch_);
}

}  // namespace millrace
