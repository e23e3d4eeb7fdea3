// Which segments a cleaner writes into one, by Kafka's rules: neighbours, as many as fit.
#pragma once

#include "core/base/types.hpp"

#include <cstdint>
#include <vector>

namespace millrace {

/// A segment before it is cleaned: what it may still come to.
struct SegmentSizes {
    Offset base;
    std::uint64_t bytes{};
    std::uint64_t offset_index_bytes{};
    std::uint64_t time_index_bytes{};
};

struct GroupLimits {
    std::uint64_t bytes{};
    std::uint64_t index_bytes{};  // of each index
    /// Where the first segment begins that is not cleaned.
    Offset end;
};

/// How many of `segments`, from the front, make up each group. A segment that is too large by
/// itself is a group; the offsets of each fit into an index's 31 bits.
std::vector<std::size_t> group_segments(const std::vector<SegmentSizes>& segments,
                                        const GroupLimits& limits);

}  // namespace millrace
