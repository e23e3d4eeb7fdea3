// A histogram with log-linear buckets: every power of two is cut into 32 equal parts, so a value
// read back is at most 1/32 above the value that was recorded, from nanoseconds to terabytes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace millrace {

/// Plain numbers of one shard, copied to be merged elsewhere. Recording does not allocate.
class Histogram {
public:
    /// How far above the recorded value the one read back may be, as a share of it.
    static constexpr double kErrorMax = 1.0 / 32;

    Histogram() : counts_(kBuckets) {}

    /// Values below zero count as zero: a clock that went backwards is no reason to stop.
    void record(std::int64_t value, std::uint64_t times = 1) {
        if (times == 0) return;
        value = std::max<std::int64_t>(value, 0);
        counts_[bucket_of(static_cast<std::uint64_t>(value))] += times;
        count_ += times;
        sum_ += static_cast<std::uint64_t>(value) * times;
        min_ = std::min(min_, value);
        max_ = std::max(max_, value);
    }

    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t sum() const noexcept { return sum_; }
    std::int64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
    std::int64_t max() const noexcept { return max_; }

    /// The upper end of the bucket that the given share of all values does not exceed, at most the
    /// largest value; 0 when nothing was recorded. 0.99 asks for the 99th percentile.
    std::int64_t value_at(double share) const {
        if (count_ == 0) return 0;
        const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(count_);
        std::uint64_t seen = 0;
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            seen += counts_[bucket];
            if (counts_[bucket] != 0 && static_cast<double>(seen) >= wanted) {
                return std::min(upper_end(bucket), max_);
            }
        }
        return max_;
    }

    void merge(const Histogram& other) {
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            counts_[bucket] += other.counts_[bucket];
        }
        count_ += other.count_;
        sum_ += other.sum_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
    }

    /// Calls `visit(upper_end, count)` for each bucket that is not empty, in rising order.
    template <class Visit>
    void for_each_bucket(Visit visit) const {
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            if (counts_[bucket] != 0) visit(upper_end(bucket), counts_[bucket]);
        }
    }

private:
    static constexpr unsigned kPartBits = 5;
    static constexpr std::uint64_t kParts = std::uint64_t{1} << kPartBits;
    static constexpr std::size_t kBuckets = (63 - kPartBits + 1) * kParts;

    static std::size_t bucket_of(std::uint64_t value) {
        if (value < kParts) return value;
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - kPartBits - 1;
        return (shift + 1) * kParts + ((value >> shift) - kParts);
    }

    static std::int64_t upper_end(std::size_t bucket) {
        if (bucket < kParts) return static_cast<std::int64_t>(bucket);
        const std::size_t shift = bucket / kParts - 1;
        const std::uint64_t part = bucket % kParts + kParts;
        return static_cast<std::int64_t>(((part + 1) << shift) - 1);
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::int64_t min_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t max_ = 0;
};

}  // namespace millrace
