#include "core/storage/produced_batch.hpp"

#include "core/storage/batch_builder.hpp"
#include "core/storage/record_reader.hpp"
#include "core/storage/target_codec.hpp"

namespace millrace {
namespace {

Result<void> check_header(const RecordBatchView& batch, std::int32_t batch_bytes_max) {
    if (batch.base_offset() != Offset{0}) return Errc::kInvalidRecord;
    if (batch.size_in_bytes() > static_cast<std::size_t>(batch_bytes_max)) {
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

/// The time of a record. A producer's sum may wrap, as it does in Java; a batch that claims the
/// broker's clock has one time for all.
TimestampMs time_of(const RecordBatchView& batch, std::int64_t delta) {
    if (batch.is_append_time()) return batch.max_timestamp();
    return static_cast<TimestampMs>(static_cast<std::uint64_t>(batch.base_timestamp()) +
                                    static_cast<std::uint64_t>(delta));
}

/// Judges the records, and finds out whether their offsets follow each other from 0.
Result<void> check_records(const RecordBatchView& batch, RecordBlock block, RecordChecks& checks,
                           bool& in_order) {
    std::int32_t expected = 0;
    in_order = true;
    return walk_records(block, batch.record_count(), [&](const RecordDeltas& deltas) {
        in_order = in_order && deltas.offset == expected;
        ++expected;
        checks.check(
            {deltas.offset, time_of(batch, deltas.timestamp), deltas.key_size, deltas.value_size});
        return true;
    });
}

Error refusal_of(const Error& error) {
    const bool too_large = error == make_error_code(Errc::kTooLarge);
    return too_large ? make_error_code(Errc::kBatchTooLarge) : error;
}

Accepted refused(const Error& error) { return {.refusal = {.error = error}}; }

/// Everything but what the topic wants of it.
BatchFrame frame_of(const RecordBatchView& batch, const ProduceRules& rules) {
    BatchFrame frame = target_frame(rules, batch.codec());
    frame.producer_id = batch.producer_id();
    frame.producer_epoch = batch.producer_epoch();
    frame.base_sequence = batch.base_sequence();
    frame.is_transactional = batch.is_transactional();
    return frame;
}

/// The batch as the topic compresses it, with offsets from 0.
Accepted rebuild(const RecordBatchView& batch, const ProduceRules& rules,
                 Decompressor& decompressor) {
    RecordChecks checks(rules, batch.is_append_time(), RecordDetail::kWhole);
    BatchBuilder builder(frame_of(batch, rules));
    RecordReader reader(decompressor);
    const auto limit = static_cast<std::size_t>(rules.topic.max_message_bytes);
    bool times_hold = true;
    const auto read = reader.read(batch, [&](const RecordView& record) {
        const TimestampMs timestamp = time_of(batch, record.timestamp_delta);
        checks.check(
            {record.offset_delta, timestamp, field_size(record.key), field_size(record.value)});
        times_hold = times_hold && timestamp >= kNoTimestamp;
        // What would be too large is only checked from here on.
        if (builder.size_so_far() <= limit) {
            builder.append(timestamp, record.key, record.value, record.headers);
        }
        return true;
    });
    if (!read) return refused(refusal_of(read.error()));
    Accepted accepted{.refusal = std::move(checks).verdict()};
    if (accepted.refusal.error) return accepted;
    if (!times_hold) return refused(Errc::kMalformed);
    accepted.rebuilt = std::move(builder).finish();
    if (accepted.rebuilt.size() > limit) return refused(Errc::kBatchTooLarge);
    accepted.batch = accepted.rebuilt;
    return accepted;
}

/// The batch as it came, but for its times.
Accepted keep(MutableBytes bytes, const ProduceRules& rules, Decompressor& decompressor) {
    const RecordBatchView batch(bytes);
    const ByteView block = batch.records();
    const bool plain = batch.codec() == Codec::kNone;
    if (!plain && !decompressor.begin(batch.codec(), block)) return refused(Errc::kMalformed);
    RecordChecks checks(rules, batch.is_append_time(),
                        plain ? RecordDetail::kWhole : RecordDetail::kSizesOnly);
    bool in_order = false;
    const auto walked = check_records(
        batch,
        plain ? RecordBlock(block) : RecordBlock(decompressor, plain_bytes_max(block.size())),
        checks, in_order);
    if (!walked) return refused(refusal_of(walked.error()));
    const TimestampMs timestamp = checks.batch_timestamp();
    Accepted accepted{.refusal = std::move(checks).verdict()};
    if (accepted.refusal.error) return accepted;
    if (!in_order) {
        return plain ? refused(Errc::kInvalidRecord) : rebuild(batch, rules, decompressor);
    }
    set_times(bytes, rules.topic.message_timestamp_type, timestamp);
    accepted.batch = bytes;
    return accepted;
}

}  // namespace

Result<MutableBytes> find_produced(MutableBytes records) {
    const Front first = look_at_front(records);
    if (first == Front::kCorrupt) return Errc::kCorruptBatch;
    if (first == Front::kNothing) return Errc::kInvalidRecord;
    const std::size_t size = RecordBatchView(records).size_in_bytes();
    if (static_cast<std::int8_t>(records[16]) != kMagic) return Errc::kInvalidRecord;
    const Front second = look_at_front(records.subspan(size));
    if (second == Front::kCorrupt) return Errc::kCorruptBatch;
    if (second == Front::kBatch) return Errc::kInvalidRecord;
    if (size < kBatchHeaderBytes) return Errc::kCorruptBatch;
    return records.first(size);
}

Accepted accept_produced(MutableBytes batch, const ProduceRules& rules,
                         Decompressor& decompressor) {
    const RecordBatchView view(batch);
    const auto header = check_header(view, rules.topic.max_message_bytes);
    if (!header) return refused(header.error());
    const bool same_codec = target_frame(rules, view.codec()).codec == view.codec();
    return same_codec ? keep(batch, rules, decompressor) : rebuild(view, rules, decompressor);
}

}  // namespace millrace
