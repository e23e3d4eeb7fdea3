#include "core/storage/record_builder.hpp"

#include "core/base/assert.hpp"
#include "core/base/varint.hpp"

#include <algorithm>

namespace millrace {
namespace {

void write_nullable(Bytes& out, std::optional<ByteView> bytes) {
    if (!bytes) {
        write_varlong(out, -1);
        return;
    }
    write_varlong(out, static_cast<std::int64_t>(bytes->size()));
    append_bytes(out, *bytes);
}

std::optional<ByteView> as_optional_bytes(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return as_bytes(*text);
}

}  // namespace

void RecordBatchBuilder::add(const NewRecord& record) {
    if (count_ == 0) base_timestamp_ = record.timestamp;
    max_timestamp_ = std::max(max_timestamp_, record.timestamp);
    body_.clear();
    body_.push_back(std::byte{0});
    write_varlong(body_, static_cast<std::int64_t>(static_cast<std::uint64_t>(record.timestamp) -
                                                   static_cast<std::uint64_t>(base_timestamp_)));
    write_varlong(body_, count_);
    write_nullable(body_, record.key);
    write_nullable(body_, record.value);
    write_varlong(body_, static_cast<std::int64_t>(record.headers.size()));
    for (const RecordHeader& header : record.headers) {
        write_nullable(body_, as_bytes(header.key));
        write_nullable(body_, header.value);
    }
    write_varlong(records_, static_cast<std::int64_t>(body_.size()));
    append_bytes(records_, body_);
    ++count_;
}

void RecordBatchBuilder::add(std::optional<std::string_view> key,
                             std::optional<std::string_view> value, TimestampMs timestamp) {
    NewRecord record;
    record.key = as_optional_bytes(key);
    record.value = as_optional_bytes(value);
    record.timestamp = timestamp;
    add(record);
}

std::int16_t RecordBatchBuilder::attributes() const noexcept {
    int attributes = static_cast<int>(options_.codec);
    if (options_.timestamp_type == TimestampType::kLogAppendTime)
        attributes |= batch_attribute::kLogAppendTime;
    if (options_.transactional) attributes |= batch_attribute::kTransactional;
    if (options_.control) attributes |= batch_attribute::kControl;
    return static_cast<std::int16_t>(attributes);
}

void RecordBatchBuilder::write_header(MutableBytes batch) const noexcept {
    std::byte* at = batch.data();
    store_be(at + batch_field::kBaseOffset, options_.base_offset.value);
    store_be(at + batch_field::kLength,
             static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
    store_be(at + batch_field::kLeaderEpoch, options_.leader_epoch.value);
    store_be(at + batch_field::kMagic, kBatchMagic);
    store_be(at + batch_field::kAttributes, attributes());
    store_be(at + batch_field::kLastOffsetDelta, count_ - 1);
    store_be(at + batch_field::kBaseTimestamp, base_timestamp_);
    store_be(at + batch_field::kMaxTimestamp, max_timestamp_);
    store_be(at + batch_field::kProducerId, options_.producer_id);
    store_be(at + batch_field::kProducerEpoch, options_.producer_epoch);
    store_be(at + batch_field::kBaseSequence, options_.base_sequence);
    store_be(at + batch_field::kRecordCount, count_);
    store_be(at + batch_field::kCrc, compute_crc(RecordBatchView(batch)));
}

void RecordBatchBuilder::start_next() noexcept {
    options_.base_offset = options_.base_offset + count_;
    if (options_.base_sequence != kNoSequence) {
        // Sequences go on at zero behind the largest one.
        const auto next =
            static_cast<std::uint32_t>(options_.base_sequence) + static_cast<std::uint32_t>(count_);
        options_.base_sequence = static_cast<std::int32_t>(next & 0x7fffffffu);
    }
    records_.clear();
    count_ = 0;
    base_timestamp_ = kNoTimestamp;
    max_timestamp_ = kNoTimestamp;
}

Result<Bytes> RecordBatchBuilder::build() {
    Bytes batch(kBatchHeaderBytes);
    if (options_.codec == Codec::kNone) {
        append_bytes(batch, records_);
    } else {
        const auto compressed = compress(options_.codec, records_, options_.compress);
        if (!compressed) return compressed.error();
        append_bytes(batch, *compressed);
    }
    write_header(batch);
    start_next();
    return batch;
}

Bytes make_batch(const std::vector<std::string_view>& values, const BatchOptions& options,
                 TimestampMs timestamp) {
    RecordBatchBuilder builder(options);
    for (const std::string_view value : values) builder.add(std::nullopt, value, timestamp);
    auto batch = builder.build();
    expect(batch.has_value(), "a batch that compresses");
    return std::move(*batch);
}

}  // namespace millrace
