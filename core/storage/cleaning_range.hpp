// What of a log a cleaner may clean, and how much it is worth.
#pragma once

#include "core/base/types.hpp"

#include <cstdint>

namespace millrace {

/// Which segments are looked at: what the topic's settings allow, or only those of them that a
/// start after a crash wouldn't touch.
enum class CleaningBound { kSettings, kCovered };

struct CleaningRange {
    Offset first_dirty;           // everything before it has been cleaned once
    Offset end;                   // where the first segment begins that stays as it is
    std::uint64_t clean_bytes{};  // of segments that begin before first_dirty
    std::uint64_t dirty_bytes{};  // of those that hold something between first_dirty and end
    bool is_overdue{};            // by max.compaction.lag.ms

    /// As Kafka counts: a segment that is half clean is in both.
    double ratio() const {
        const std::uint64_t all = clean_bytes + dirty_bytes;
        return all == 0 ? 0 : static_cast<double>(dirty_bytes) / static_cast<double>(all);
    }
    bool is_worth_it(double least_ratio) const {
        return dirty_bytes > 0 && (is_overdue || ratio() > least_ratio);
    }
};

}  // namespace millrace
