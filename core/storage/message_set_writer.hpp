// Writes messages of magic 0 and 1, as clients before Kafka 0.11 read them.
#pragma once

#include "core/storage/compressor.hpp"
#include "core/storage/message_set.hpp"

#include <algorithm>

namespace millrace {

/// What is the same for all messages of one batch.
struct MessageFrame {
    std::int8_t magic = kMessageMagicMax;
    Codec codec = Codec::kNone;  // not kZstd
    /// The time of all, where they have the one at which they were appended.
    std::optional<TimestampMs> append_time{};
};

/// Writes the messages of one batch: one after the other, or all into one wrapper when there is a
/// codec. Memory: a message, and what comes out.
class MessageSetWriter {
public:
    /// Appends to `out`, which outlives it.
    MessageSetWriter(const MessageFrame& frame, Bytes& out);

    void append(std::int64_t offset, TimestampMs timestamp, const std::optional<ByteView>& key,
                const std::optional<ByteView>& value);
    /// Nothing is written behind.
    void finish();

private:
    MessageFrame frame_;
    Bytes& out_;
    std::size_t begin_;  // of the wrapper
    std::optional<Compressor> compressor_;
    Bytes message_;
    std::optional<std::int64_t> first_;
    std::int64_t last_{};
    TimestampMs max_timestamp_ = kNoTimestamp;
};

}  // namespace millrace
