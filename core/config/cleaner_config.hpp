// What the keys of the log cleaner come to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace millrace {

struct CleanerConfig {
    bool enabled = true;
    std::chrono::milliseconds backoff{15'000};
    /// Of the map of keys, and how much of it is used.
    std::int64_t dedupe_bytes = std::int64_t{128} << 20;
    double load_factor = 0.9;
    /// Of reading and writing together.
    std::int64_t buffer_bytes = 512 << 10;
    double bytes_per_second = std::numeric_limits<double>::max();

    /// What one of `count` that work at the same time has of it.
    CleanerConfig share(std::size_t count) const {
        CleanerConfig part = *this;
        part.dedupe_bytes /= static_cast<std::int64_t>(count);
        part.buffer_bytes /= static_cast<std::int64_t>(count);
        part.bytes_per_second /= static_cast<double>(count);
        return part;
    }

    bool operator==(const CleanerConfig&) const = default;
};

}  // namespace millrace
