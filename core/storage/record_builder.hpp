// Builds record batches, format v2: for markers and internal topics, tools, clients and tests.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/types.hpp"
#include "core/storage/record_batch.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace {

struct RecordHeader {
    std::string_view key;
    std::optional<ByteView> value;
};

/// A record to add; everything is copied when it is added.
struct NewRecord {
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    TimestampMs timestamp = kNoTimestamp;
    std::vector<RecordHeader> headers;
};

struct BatchOptions {
    Offset base_offset{};
    LeaderEpoch leader_epoch{-1};
    Codec codec = Codec::kNone;
    CompressOptions compress{};
    TimestampType timestamp_type = TimestampType::kCreateTime;
    bool transactional = false;
    bool control = false;
    std::int64_t producer_id = kNoProducerId;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = kNoSequence;
};

/// Gathers the records of one batch. Owns the encoded records; usable again after build().
class RecordBatchBuilder {
public:
    explicit RecordBatchBuilder(BatchOptions options = {}) : options_(std::move(options)) {}

    void add(const NewRecord& record);
    void add(std::optional<std::string_view> key, std::optional<std::string_view> value,
             TimestampMs timestamp = kNoTimestamp);

    std::int32_t record_count() const noexcept { return count_; }
    /// Size of the batch if it were built now without compression.
    std::size_t uncompressed_size() const noexcept { return kBatchHeaderBytes + records_.size(); }

    /// The whole batch; the next one starts empty at the offset and sequence behind it. Fails only
    /// when compression does.
    Result<Bytes> build();

private:
    std::int16_t attributes() const noexcept;
    void write_header(MutableBytes batch) const noexcept;
    void start_next() noexcept;

    BatchOptions options_;
    Bytes records_;
    Bytes body_;  // one record without its length, kept for its capacity
    std::int32_t count_ = 0;
    TimestampMs base_timestamp_ = kNoTimestamp;
    TimestampMs max_timestamp_ = kNoTimestamp;
};

/// One uncompressed batch with a record for each value and no keys.
Bytes make_batch(const std::vector<std::string_view>& values, const BatchOptions& options = {},
                 TimestampMs timestamp = kNoTimestamp);

}  // namespace millrace
