// Counts latencies in buckets whose width grows with the value, so that any percentile is known to
// within kErrorMax of its value in a fixed 28 KiB.
#pragma once

#include <array>
#include <cstdint>

namespace millrace::access {

/// Each power of two is cut into 64 equal buckets; below 64 a bucket is one value.
class Histogram {
public:
    /// A bucket is at most 1/64 of its values wide and answers with its middle.
    static constexpr double kErrorMax = 1.0 / 128;

    void add(std::uint64_t value);
    void add(const Histogram& other);

    std::uint64_t count() const { return count_; }
    /// The smallest value that at least `share` (0 to 1) of all values don't exceed; 0 when empty.
    std::uint64_t percentile(double share) const;

private:
    static constexpr unsigned kBits = 6;
    static constexpr unsigned kPowersMax = 56;

    std::array<std::uint64_t, (kPowersMax + 1) << kBits> buckets_{};
    std::uint64_t count_{};
};

}  // namespace millrace::access
