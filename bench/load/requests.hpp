// Produce requests that are encoded once and sent again and again, so that a gigabyte costs the
// client little. Batches without a producer id may repeat, and neither the offsets that a broker
// gives them nor a request's number are under their checksums.
#pragma once

#include "bench/load/shape.hpp"
#include "core/base/bytes.hpp"
#include "core/base/types.hpp"

namespace millrace::bench {

inline constexpr std::string_view kClientId = "millrace-load";

struct PreparedBatch {
    std::int32_t partition{};
    Bytes bytes;
};

/// A whole frame. What differs from one sending to the next is in its front alone.
struct PreparedRequest {
    static constexpr std::size_t kCorrelationAt = 8;
    /// Size, API key, version, correlation id.
    static constexpr std::size_t kFrontBytes = 12;

    Bytes frame;
    std::uint64_t batches{};
};

/// What all batches together will take in memory, about.
std::uint64_t memory_of_batches(const Shape& shape, std::int32_t partitions);

/// One batch for each partition; with keys as many as it takes for all keys of the partition to
/// occur, at the partition that Java's producer sends them to, so that partitions get their share
/// of the keys. The partitions take turns.
std::vector<PreparedBatch> prepare_batches(const Shape& shape, std::int32_t partitions,
                                           TimestampMs now);

/// Requests for the batches in their order. None has a partition twice: a broker takes one batch of
/// each at a time.
std::vector<PreparedRequest> prepare_requests(const Shape& shape, std::int16_t version,
                                              const std::vector<PreparedBatch>& batches);

}  // namespace millrace::bench
