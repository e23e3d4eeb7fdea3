// The record batch, format v2: what producers send, segments hold and consumers get, byte for byte.
// Here are its header fields, its records, and what a leader checks before it appends one.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/types.hpp"
#include "core/storage/compression.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace millrace {

enum class TimestampType : std::uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

inline constexpr std::int64_t kNoProducerId = -1;
inline constexpr std::int32_t kNoSequence = -1;

/// Positions of the header's fields in bytes from the batch's start.
namespace batch_field {
inline constexpr std::size_t kBaseOffset = 0;
inline constexpr std::size_t kLength = 8;
inline constexpr std::size_t kLeaderEpoch = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kCrc = 17;
inline constexpr std::size_t kAttributes = 21;
inline constexpr std::size_t kLastOffsetDelta = 23;
inline constexpr std::size_t kBaseTimestamp = 27;
inline constexpr std::size_t kMaxTimestamp = 35;
inline constexpr std::size_t kProducerId = 43;
inline constexpr std::size_t kProducerEpoch = 51;
inline constexpr std::size_t kBaseSequence = 53;
inline constexpr std::size_t kRecordCount = 57;
inline constexpr std::size_t kRecords = 61;
}  // namespace batch_field

inline constexpr std::size_t kBatchHeaderBytes = batch_field::kRecords;
/// Base offset and length, which the length field does not count.
inline constexpr std::size_t kBatchOverheadBytes = batch_field::kLeaderEpoch;
/// What has to be there before a batch's size and format are known.
inline constexpr std::size_t kBatchPrefixBytes = batch_field::kMagic + 1;
inline constexpr std::int8_t kBatchMagic = 2;

namespace batch_attribute {
inline constexpr std::int16_t kCodecMask = 0x07;
inline constexpr std::int16_t kLogAppendTime = 0x08;
inline constexpr std::int16_t kTransactional = 0x10;
inline constexpr std::int16_t kControl = 0x20;
inline constexpr std::int16_t kDeleteHorizon = 0x40;
}  // namespace batch_attribute

/// A batch in somebody else's memory, which holds all of its size_in_bytes(). Made by
/// parse_batch(); what the header says beyond its size is not checked by that.
class RecordBatchView {
public:
    /// REQUIRES a whole batch, exactly.
    explicit RecordBatchView(ByteView bytes) noexcept : bytes_(bytes) {}

    ByteView bytes() const noexcept { return bytes_; }
    std::size_t size_in_bytes() const noexcept { return bytes_.size(); }
    ByteView records() const noexcept { return bytes_.subspan(batch_field::kRecords); }

    Offset base_offset() const noexcept {
        return Offset{get<std::int64_t>(batch_field::kBaseOffset)};
    }
    std::int32_t batch_length() const noexcept { return get<std::int32_t>(batch_field::kLength); }
    LeaderEpoch partition_leader_epoch() const noexcept {
        return LeaderEpoch{get<std::int32_t>(batch_field::kLeaderEpoch)};
    }
    std::int8_t magic() const noexcept { return get<std::int8_t>(batch_field::kMagic); }
    std::uint32_t crc() const noexcept { return get<std::uint32_t>(batch_field::kCrc); }
    std::int16_t attributes() const noexcept { return get<std::int16_t>(batch_field::kAttributes); }
    std::int32_t last_offset_delta() const noexcept {
        return get<std::int32_t>(batch_field::kLastOffsetDelta);
    }
    /// The first record's time, or the delete horizon when there is one.
    TimestampMs base_timestamp() const noexcept {
        return get<std::int64_t>(batch_field::kBaseTimestamp);
    }
    TimestampMs max_timestamp() const noexcept {
        return get<std::int64_t>(batch_field::kMaxTimestamp);
    }
    std::int64_t producer_id() const noexcept {
        return get<std::int64_t>(batch_field::kProducerId);
    }
    std::int16_t producer_epoch() const noexcept {
        return get<std::int16_t>(batch_field::kProducerEpoch);
    }
    std::int32_t base_sequence() const noexcept {
        return get<std::int32_t>(batch_field::kBaseSequence);
    }
    std::int32_t record_count() const noexcept {
        return get<std::int32_t>(batch_field::kRecordCount);
    }

    /// Defines the next offset; compaction keeps it when the last record itself is gone.
    Offset last_offset() const noexcept { return base_offset() + last_offset_delta(); }
    Offset next_offset() const noexcept { return last_offset() + 1; }
    /// Sequence of the last record: numbers start again at zero after the largest one.
    std::int32_t last_sequence() const noexcept;

    /// Nothing for the codec numbers 5 to 7, which Kafka has not given away.
    std::optional<Codec> codec() const noexcept;
    TimestampType timestamp_type() const noexcept {
        return has(batch_attribute::kLogAppendTime) ? TimestampType::kLogAppendTime
                                                    : TimestampType::kCreateTime;
    }
    bool is_transactional() const noexcept { return has(batch_attribute::kTransactional); }
    bool is_control() const noexcept { return has(batch_attribute::kControl); }
    bool has_delete_horizon() const noexcept { return has(batch_attribute::kDeleteHorizon); }
    bool has_producer_id() const noexcept { return producer_id() > kNoProducerId; }

private:
    template <class T>
    T get(std::size_t position) const noexcept {
        return load_be<T>(bytes_.data() + position);
    }
    bool has(std::int16_t flag) const noexcept { return (attributes() & flag) != 0; }

    ByteView bytes_;
};

/// The first batch of `bytes`, by its size and magic alone. kEndOfStream when the bytes end first,
/// kUnsupportedVersion for a whole batch of format v0 or v1, kCorruptBatch for a size or magic that
/// no format has.
Result<RecordBatchView> parse_batch(ByteView bytes) noexcept;

/// Whether the checksum in the header is that of the batch.
bool check_crc(RecordBatchView batch) noexcept;
std::uint32_t compute_crc(RecordBatchView batch) noexcept;

/// What a leader writes into every batch. Both fields are outside the checksum. REQUIRES a whole
/// batch header.
void assign_offset_and_epoch(MutableBytes batch, Offset base_offset, LeaderEpoch epoch) noexcept;

/// Replaces the largest timestamp and its type, and the checksum with them. REQUIRES a whole batch.
void set_max_timestamp(MutableBytes batch, TimestampType type, TimestampMs max_timestamp) noexcept;

/// One record in somebody else's memory.
struct RecordView {
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    std::int32_t header_count = 0;
    ByteView headers;
};

struct RecordHeaderView {
    std::string_view key;
    std::optional<ByteView> value;
};

/// Reads the record at `position` of a batch's uncompressed records, all of its structure checked,
/// and moves behind it; nothing when it is malformed.
std::optional<RecordView> read_record(ByteView records, std::size_t& position) noexcept;

/// Reads the header at `position` of RecordView::headers.
std::optional<RecordHeaderView> read_record_header(ByteView headers,
                                                   std::size_t& position) noexcept;

/// The record's own time; the append time for all records of a batch that carries one.
TimestampMs record_timestamp(RecordBatchView batch, const RecordView& record) noexcept;

/// What a topic allows, as a leader knows it when a produce request arrives.
struct ProduceRules {
    std::int64_t max_message_bytes = 1048588;
    bool compacted = false;
    bool zstd_allowed = true;  // false for clients that speak Produce below version 7
    TimestampType timestamp_type = TimestampType::kCreateTime;
    TimestampMs now = 0;
    std::int64_t timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
    std::int64_t timestamp_after_max_ms = std::numeric_limits<std::int64_t>::max();
};

/// The one batch of a partition's records in a Produce request (version 3 and above). Bytes of a
/// cut off batch behind it are left out of the view, as Kafka trims them.
Result<RecordBatchView> parse_produced(ByteView records) noexcept;

struct RecordsSummary {
    TimestampMs max_timestamp = kNoTimestamp;
    std::int32_t offset_delta_of_max = 0;  // the first record that has it
};

/// Checks uncompressed records against their batch's header: structure, count, offset deltas, keys,
/// timestamps. kInvalidRecord or kInvalidTimestamp.
Result<RecordsSummary> check_records(ByteView records, RecordBatchView batch,
                                     const ProduceRules& rules) noexcept;

struct ProducedSummary {
    /// The largest timestamp as far as it is known: from the records, or as the header claims.
    TimestampMs max_timestamp = kNoTimestamp;
    /// Whether the rules hang on single records, and these are still compressed: then the caller
    /// decompresses and calls check_records().
    bool needs_records = false;
};

/// Everything that a leader refuses without knowing its log, in Kafka's order: size, checksum,
/// header, records. A batch that passes is appended as it is.
Result<ProducedSummary> validate_produced(RecordBatchView batch,
                                          const ProduceRules& rules) noexcept;

}  // namespace millrace
