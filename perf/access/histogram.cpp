#include "perf/access/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace::access {
namespace {

constexpr unsigned kBits = 6;
constexpr std::uint64_t kPerPower = 1u << kBits;

std::size_t bucket_of(std::uint64_t value) {
    if (value < kPerPower) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return ((shift + 1) << kBits) + (value >> shift) - kPerPower;
}

std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < kPerPower) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket >> kBits) - 1;
    const std::uint64_t first = (kPerPower + (bucket & (kPerPower - 1))) << shift;
    return first + ((std::uint64_t{1} << shift) >> 1);
}

}  // namespace

void Histogram::add(std::uint64_t value) {
    ++buckets_[std::min(bucket_of(value), buckets_.size() - 1)];
    ++count_;
}

void Histogram::add(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
}

std::uint64_t Histogram::percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen > 0 && seen >= wanted) return middle_of(i);
    }
    return 0;
}

}  // namespace millrace::access
