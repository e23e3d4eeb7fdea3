// Writes a record batch of magic 2, compressed on the way.
#pragma once

#include "core/base/varint.hpp"
#include "core/storage/compressor.hpp"
#include "core/storage/record_batch.hpp"

#include <algorithm>
#include <optional>

namespace millrace {

/// What is not in the records.
struct BatchFrame {
    Codec codec = Codec::kNone;
    std::optional<int> level{};
    /// The time at which the batch is appended, where its records have that one.
    std::optional<TimestampMs> append_time{};
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    bool is_transactional = false;
    /// When its tombstones may go; the records' times count from there.
    std::optional<TimestampMs> delete_horizon{};
    /// Where the batch ends, when its last record has gone.
    std::optional<std::int32_t> last_offset_delta{};
};

/// Writes one batch whose offsets count from 0. Memory: what the batch has come to, and its
/// compressor.
class BatchBuilder {
public:
    explicit BatchBuilder(const BatchFrame& frame)
        : frame_(frame), batch_(kBatchHeaderBytes), compressor_(frame.codec, frame.level, batch_) {}

    /// `headers` are encoded as in a record, their count first.
    void append(TimestampMs timestamp, const std::optional<ByteView>& key,
                const std::optional<ByteView>& value, ByteView headers) {
        append_at(records_, timestamp, key, value, headers);
    }

    /// A record that keeps its offset, which is behind those of the others.
    void append_at(std::int32_t offset_delta, TimestampMs timestamp,
                   const std::optional<ByteView>& key, const std::optional<ByteView>& value,
                   ByteView headers) {
        if (records_ == 0) base_timestamp_ = frame_.delete_horizon.value_or(timestamp);
        record_.clear();
        record_.push_back(std::byte{0});
        write_varlong(record_,
                      static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) -
                                                static_cast<std::uint64_t>(base_timestamp_)));
        write_varlong(record_, offset_delta);
        write_size(key);
        const std::size_t value_size_at = record_.size();
        write_size(value);
        const std::size_t size = record_.size() + size_of(key) + size_of(value) + headers.size();
        length_.clear();
        write_varlong(length_, static_cast<std::int64_t>(size));
        compressor_.write(length_);
        compressor_.write(ByteView(record_).first(value_size_at));
        if (key) compressor_.write(*key);
        compressor_.write(ByteView(record_).subspan(value_size_at));
        if (value) compressor_.write(*value);
        compressor_.write(headers);
        max_timestamp_ = std::max(max_timestamp_, timestamp);
        ++records_;
    }

    std::int32_t record_count() const { return records_; }
    /// Of the batch, without what its compressor still holds back.
    std::size_t size_so_far() const { return batch_.size(); }

    /// The batch, its checksum computed. REQUIRES: there is a record.
    Bytes finish() &&;

private:
    static std::size_t size_of(const std::optional<ByteView>& field) {
        return field ? field->size() : 0;
    }
    void write_size(const std::optional<ByteView>& field) {
        write_varlong(record_, field ? static_cast<std::int64_t>(field->size()) : -1);
    }

    BatchFrame frame_;
    Bytes batch_;
    Compressor compressor_;
    Bytes record_;
    Bytes length_;
    std::int32_t records_{};
    TimestampMs base_timestamp_{};
    TimestampMs max_timestamp_ = kNoTimestamp;
};

}  // namespace millrace
