#include "core/storage/record_batch.hpp"

#include "core/base/assert.hpp"
#include "core/base/crc32c.hpp"
#include "core/base/varint.hpp"

namespace millrace {
namespace {

// The smallest v0 message behind offset and size: the bound below which no format has a batch.
constexpr std::int32_t kSmallestLength = 14;

// Length, attributes, both deltas, both lengths and the header count at a byte each.
constexpr std::size_t kSmallestRecordBytes = 7;

/// A nullable byte string with its zig-zag length before it; false when malformed.
bool read_nullable(ByteView bytes, std::size_t& position, std::optional<ByteView>& out) noexcept {
    const auto length = read_varint(bytes, position);
    if (!length || *length < -1) return false;
    if (*length == -1) return true;
    const auto size = static_cast<std::size_t>(*length);
    if (size > bytes.size() - position) return false;
    out = bytes.subspan(position, size);
    position += size;
    return true;
}

bool timestamp_is_outside(TimestampMs timestamp, const ProduceRules& rules) noexcept {
    // The difference of a hostile timestamp may not fit, and then it is outside every limit but the
    // unlimited one.
    std::int64_t behind = 0;
    if (__builtin_sub_overflow(rules.now, timestamp, &behind))
        behind = timestamp < 0 ? std::numeric_limits<std::int64_t>::max()
                               : -std::numeric_limits<std::int64_t>::max();
    return behind > rules.timestamp_before_max_ms || -behind > rules.timestamp_after_max_ms;
}

/// Kafka's rule: a limit in time binds only where the producer's clock is kept, and a producer that
/// claims the broker's clock is refused unless that claim is about to be ignored.
bool timestamp_is_allowed(TimestampMs timestamp, RecordBatchView batch,
                          const ProduceRules& rules) noexcept {
    if (rules.timestamp_type == TimestampType::kCreateTime && timestamp != kNoTimestamp)
        return !timestamp_is_outside(timestamp, rules);
    return batch.timestamp_type() == TimestampType::kCreateTime;
}

Error check_produced_header(RecordBatchView batch, const ProduceRules& rules) noexcept {
    const std::int64_t offsets = std::int64_t{batch.last_offset_delta()} + 1;
    if (batch.record_count() <= 0 || offsets != batch.record_count()) return Errc::kInvalidRecord;
    if (batch.is_control()) return Errc::kInvalidRecord;
    if (batch.has_producer_id() && batch.base_sequence() < 0) return Errc::kInvalidRecord;
    const std::optional<Codec> codec = batch.codec();
    // Kafka 3.9 stumbles over an unknown codec and answers "unknown server error"; this code says
    // what is wrong, and clients treat both as final.
    if (!codec) return Errc::kUnsupportedCodec;
    if (*codec == Codec::kZstd && !rules.zstd_allowed) return Errc::kUnsupportedCodec;
    return {};
}

bool rules_hang_on_records(const ProduceRules& rules) noexcept {
    return rules.compacted ||
           (rules.timestamp_type == TimestampType::kCreateTime &&
            rules.timestamp_before_max_ms != std::numeric_limits<std::int64_t>::max());
}

}  // namespace

std::int32_t RecordBatchView::last_sequence() const noexcept {
    const std::int64_t last = std::int64_t{base_sequence()} + last_offset_delta();
    constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(last > kLargest ? last - kLargest - 1 : last);
}

std::optional<Codec> RecordBatchView::codec() const noexcept {
    const int number = attributes() & batch_attribute::kCodecMask;
    if (number > static_cast<int>(Codec::kZstd)) return std::nullopt;
    return static_cast<Codec>(number);
}

Result<RecordBatchView> parse_batch(ByteView bytes) noexcept {
    if (bytes.size() < kBatchOverheadBytes) return Errc::kEndOfStream;
    const auto length = load_be<std::int32_t>(bytes.data() + batch_field::kLength);
    if (length < kSmallestLength) return Errc::kCorruptBatch;
    if (bytes.size() < kBatchPrefixBytes) return Errc::kEndOfStream;
    const auto magic = load_be<std::int8_t>(bytes.data() + batch_field::kMagic);
    if (magic < 0 || magic > kBatchMagic) return Errc::kCorruptBatch;
    const std::size_t size = kBatchOverheadBytes + static_cast<std::size_t>(length);
    if (size > bytes.size()) return Errc::kEndOfStream;
    if (magic < kBatchMagic) return Errc::kUnsupportedVersion;
    if (size < kBatchHeaderBytes) return Errc::kCorruptBatch;
    return RecordBatchView(bytes.first(size));
}

std::uint32_t compute_crc(RecordBatchView batch) noexcept {
    return crc32c(batch.bytes().subspan(batch_field::kAttributes));
}

bool check_crc(RecordBatchView batch) noexcept { return compute_crc(batch) == batch.crc(); }

void assign_offset_and_epoch(MutableBytes batch, Offset base_offset, LeaderEpoch epoch) noexcept {
    expect_at_most(kBatchHeaderBytes, static_cast<std::int64_t>(batch.size()), "a batch header");
    store_be(batch.data() + batch_field::kBaseOffset, base_offset.value);
    store_be(batch.data() + batch_field::kLeaderEpoch, epoch.value);
}

void set_max_timestamp(MutableBytes batch, TimestampType type, TimestampMs max_timestamp) noexcept {
    const RecordBatchView view(batch);
    expect_equal(static_cast<std::int64_t>(batch.size()),
                 static_cast<std::int64_t>(kBatchOverheadBytes) + view.batch_length(),
                 "exactly one batch");
    const int kept = view.attributes() & ~batch_attribute::kLogAppendTime;
    const int flag = type == TimestampType::kLogAppendTime ? batch_attribute::kLogAppendTime : 0;
    store_be(batch.data() + batch_field::kAttributes, static_cast<std::int16_t>(kept | flag));
    store_be(batch.data() + batch_field::kMaxTimestamp, max_timestamp);
    store_be(batch.data() + batch_field::kCrc, compute_crc(view));
}

std::optional<RecordView> read_record(ByteView records, std::size_t& position) noexcept {
    const auto length = read_varint(records, position);
    if (!length || *length < 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(*length);
    if (size > records.size() - position) return std::nullopt;
    const ByteView body = records.subspan(position, size);
    position += size;

    RecordView record;
    std::size_t at = 1;  // behind the attributes, which have no meaning yet and which Kafka skips
    if (body.empty()) return std::nullopt;
    const auto timestamp_delta = read_varlong(body, at);
    if (!timestamp_delta) return std::nullopt;
    const auto offset_delta = read_varint(body, at);
    if (!offset_delta) return std::nullopt;
    if (!read_nullable(body, at, record.key) || !read_nullable(body, at, record.value))
        return std::nullopt;
    const auto headers = read_varint(body, at);
    if (!headers || *headers < 0) return std::nullopt;
    record.timestamp_delta = *timestamp_delta;
    record.offset_delta = *offset_delta;
    record.header_count = *headers;
    record.headers = body.subspan(at);

    // A hostile count ends at the first header that is not there.
    std::size_t header_at = 0;
    for (std::int32_t index = 0; index < record.header_count; ++index)
        if (!read_record_header(record.headers, header_at)) return std::nullopt;
    if (header_at != record.headers.size()) return std::nullopt;
    return record;
}

std::optional<RecordHeaderView> read_record_header(ByteView headers,
                                                   std::size_t& position) noexcept {
    std::optional<ByteView> key;
    RecordHeaderView header;
    if (!read_nullable(headers, position, key) || !key) return std::nullopt;
    if (!read_nullable(headers, position, header.value)) return std::nullopt;
    header.key = as_text(*key);
    return header;
}

TimestampMs record_timestamp(RecordBatchView batch, const RecordView& record) noexcept {
    if (batch.timestamp_type() == TimestampType::kLogAppendTime) return batch.max_timestamp();
    // A producer's sum may wrap, as it does in Java.
    return static_cast<TimestampMs>(static_cast<std::uint64_t>(batch.base_timestamp()) +
                                    static_cast<std::uint64_t>(record.timestamp_delta));
}

Result<RecordBatchView> parse_produced(ByteView records) noexcept {
    const auto first = parse_batch(records);
    if (!first)
        return first.error() == Errc::kCorruptBatch ? Errc::kCorruptBatch : Errc::kInvalidRecord;
    const auto second = parse_batch(records.subspan(first->size_in_bytes()));
    if (second.has_value() || second.error() == Errc::kUnsupportedVersion)
        return Errc::kInvalidRecord;
    if (second.error() == Errc::kCorruptBatch) return Errc::kCorruptBatch;
    return *first;
}

Result<RecordsSummary> check_records(ByteView records, RecordBatchView batch,
                                     const ProduceRules& rules) noexcept {
    const std::int32_t count = batch.record_count();
    if (count < 0 || static_cast<std::size_t>(count) > records.size() / kSmallestRecordBytes)
        return Errc::kInvalidRecord;
    RecordsSummary summary;
    std::size_t position = 0;
    for (std::int32_t index = 0; index < count; ++index) {
        const auto record = read_record(records, position);
        // Kafka 3.9 stores an uncompressed batch whose deltas have holes. No known client makes
        // one, and a reader that trusts offsets would lose records, so it is refused here.
        if (!record || record->offset_delta != index) return Errc::kInvalidRecord;
        if (rules.compacted && !record->key) return Errc::kInvalidRecord;
        const TimestampMs timestamp = record_timestamp(batch, *record);
        if (!timestamp_is_allowed(timestamp, batch, rules)) return Errc::kInvalidTimestamp;
        if (timestamp > summary.max_timestamp) summary = {timestamp, index};
    }
    if (position != records.size()) return Errc::kInvalidRecord;
    return summary;
}

Result<ProducedSummary> validate_produced(RecordBatchView batch,
                                          const ProduceRules& rules) noexcept {
    if (batch.base_offset() != Offset{0}) return Errc::kInvalidRecord;
    if (static_cast<std::int64_t>(batch.size_in_bytes()) > rules.max_message_bytes)
        return Errc::kBatchTooLarge;
    if (!check_crc(batch)) return Errc::kCorruptBatch;
    if (const Error error = check_produced_header(batch, rules)) return error;

    ProducedSummary summary;
    summary.max_timestamp = batch.max_timestamp();
    if (batch.codec() != Codec::kNone) {
        if (!timestamp_is_allowed(batch.max_timestamp(), batch, rules))
            return Errc::kInvalidTimestamp;
        summary.needs_records = rules_hang_on_records(rules);
        return summary;
    }
    const auto checked = check_records(batch.records(), batch, rules);
    if (!checked) return checked.error();
    summary.max_timestamp = checked->max_timestamp;
    return summary;
}

}  // namespace millrace
