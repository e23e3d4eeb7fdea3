#include "perf/access/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace millrace::access {
namespace {

std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * sorted.size()));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, PercentilesStayWithinTheStatedError) {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> latency(9, 3);
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 50'000; ++i) {
        values.push_back(static_cast<std::uint64_t>(latency(random)));
        histogram.add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double share : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto wanted = static_cast<double>(exact(values, share));
        const auto got = static_cast<double>(histogram.percentile(share));
        EXPECT_LE(std::abs(got - wanted), wanted * Histogram::kErrorMax) << "at " << share;
    }
}

TEST(Histogram, SmallValuesAreExact) {
    for (std::uint64_t value = 0; value < 64; ++value) {
        Histogram histogram;
        histogram.add(value);
        EXPECT_EQ(histogram.percentile(0.5), value);
    }
}

TEST(Histogram, EveryPowerOfTwoAndItsNeighboursStayWithinTheError) {
    for (unsigned bit = 6; bit < 62; ++bit) {
        for (const std::uint64_t off : {-1, 0, 1}) {
            const std::uint64_t value = (std::uint64_t{1} << bit) + off;
            Histogram histogram;
            histogram.add(value);
            const auto wanted = static_cast<double>(value);
            const auto got = static_cast<double>(histogram.percentile(1));
            EXPECT_LE(std::abs(got - wanted), wanted * Histogram::kErrorMax) << value;
        }
    }
}

TEST(Histogram, TheLargestValueHasABucket) {
    Histogram histogram;
    histogram.add(~std::uint64_t{0});
    EXPECT_EQ(histogram.count(), 1u);
    EXPECT_GT(histogram.percentile(1), std::uint64_t{1} << 61);
}

TEST(Histogram, AnEmptyOneAnswersZero) { EXPECT_EQ(Histogram().percentile(0.99), 0u); }

TEST(Histogram, AddsAnother) {
    Histogram one;
    Histogram other;
    one.add(10);
    other.add(50);
    other.add(50);
    one.add(other);
    EXPECT_EQ(one.count(), 3u);
    EXPECT_EQ(one.percentile(0.5), 50u);
    EXPECT_EQ(one.percentile(0.3), 10u);
}

}  // namespace
}  // namespace millrace::access
