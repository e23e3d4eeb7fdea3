#include "core/storage/batch_filter.hpp"

#include "core/storage/batch_builder.hpp"

#include <limits>

namespace millrace {
namespace {

constexpr int kTimestampTypeBit = 8;
constexpr int kTransactionalBit = 16;

/// Java's sums wrap.
TimestampMs time_of(const RecordBatchView& batch, std::int64_t delta) {
    if (batch.is_append_time()) return batch.max_timestamp();
    return static_cast<TimestampMs>(static_cast<std::uint64_t>(batch.base_timestamp()) +
                                    static_cast<std::uint64_t>(delta));
}

BatchFrame frame_of(const RecordBatchView& batch) {
    BatchFrame frame;
    frame.codec = batch.codec();
    if (batch.is_append_time()) frame.append_time = batch.max_timestamp();
    frame.producer_id = batch.producer_id();
    frame.producer_epoch = batch.producer_epoch();
    frame.base_sequence = batch.base_sequence();
    frame.is_transactional = batch.is_transactional();
    frame.delete_horizon = batch.delete_horizon();
    frame.last_offset_delta = batch.last_offset_delta();
    return frame;
}

/// For ever where a clock doesn't reach; a Java broker comes out before 1970 there.
TimestampMs horizon_of(const BatchFilter::Rules& rules) {
    constexpr TimestampMs kLatest = std::numeric_limits<TimestampMs>::max();
    const bool reaches = rules.delete_retention_ms <= kLatest - rules.now;
    return reaches ? rules.now + rules.delete_retention_ms : kLatest;
}

}  // namespace

Result<ByteView> BatchFilter::filter(ByteView bytes, bool keeps_empty) {
    const RecordBatchView batch(bytes);
    // Markers stay as long as nobody knows which transactions have nothing left.
    if (batch.is_control()) return bytes;
    const auto chosen = choose(batch);
    if (!chosen) return chosen.error();
    records_dropped_ += static_cast<std::uint64_t>(batch.record_count() - staying_);
    if (staying_ == 0) return keeps_empty ? empty(bytes) : ByteView();
    const bool sets_horizon = any_tombstone_ && !batch.delete_horizon();
    if (staying_ == batch.record_count() && !sets_horizon) return bytes;
    return rebuild(batch, sets_horizon);
}

Result<void> BatchFilter::choose(const RecordBatchView& batch) {
    stays_.clear();
    staying_ = 0;
    any_tombstone_ = false;
    return reader_.read(batch, [&](const RecordView& record) {
        const bool stay = stays(batch, record);
        stays_.push_back(stay);
        staying_ += stay ? 1 : 0;
        any_tombstone_ = any_tombstone_ || (stay && !record.value);
        return true;
    });
}

bool BatchFilter::stays(const RecordBatchView& batch, const RecordView& record) const {
    const Offset offset = batch.base_offset() + record.offset_delta;
    if (offset > rules_.newest.last()) return true;
    if (!record.key || offset < rules_.newest.find(*record.key)) return false;
    return record.value || rules_.now < batch.delete_horizon().value_or(rules_.now + 1);
}

Result<ByteView> BatchFilter::rebuild(const RecordBatchView& batch, bool sets_horizon) {
    BatchFrame frame = frame_of(batch);
    if (sets_horizon) frame.delete_horizon = horizon_of(rules_);
    BatchBuilder builder(frame);
    std::size_t next = 0;
    const auto read = reader_.read(batch, [&](const RecordView& record) {
        if (!stays_[next++]) return true;
        builder.append_at(record.offset_delta, time_of(batch, record.timestamp_delta), record.key,
                          record.value, record.headers);
        return true;
    });
    if (!read) return read.error();
    written_ = std::move(builder).finish();
    assign_offset_and_epoch(written_, batch.base_offset(), batch.leader_epoch());
    return ByteView(written_);
}

/// Nothing but the header, which says what was there.
ByteView BatchFilter::empty(ByteView bytes) {
    const RecordBatchView batch(bytes);
    written_.assign(bytes.begin(), bytes.begin() + kBatchHeaderBytes);
    const int attributes = batch.attributes() & (kTimestampTypeBit | kTransactionalBit);
    store_be(&written_[8], static_cast<std::int32_t>(kBatchHeaderBytes - kBatchOverheadBytes));
    store_be(&written_[21], static_cast<std::int16_t>(attributes));
    store_be(&written_[27], kNoTimestamp);
    store_be(&written_[57], std::int32_t{0});
    store_be(&written_[17], RecordBatchView(written_).compute_crc());
    return written_;
}

}  // namespace millrace
