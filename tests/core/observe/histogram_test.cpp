#include "core/observe/histogram.hpp"

#include "core/base/prng.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Histogram, IsExactForSmallValues) {
    Histogram histogram;
    for (std::int64_t value = 1; value <= 30; ++value) histogram.record(value);
    EXPECT_EQ(histogram.value_at(0.5), 15);
    EXPECT_EQ(histogram.value_at(0.9), 27);
    EXPECT_EQ(histogram.value_at(1.0), 30);
    EXPECT_EQ(histogram.value_at(0.0), 1);
    EXPECT_EQ(histogram.sum(), 465u);
}

TEST(Histogram, IsAtMostAThirtySecondTooHighAtEveryMagnitude) {
    for (int bit = 5; bit < 63; ++bit) {
        for (const std::int64_t offset : {-1, 0, 1}) {
            const std::int64_t value = (std::int64_t{1} << bit) + offset;
            Histogram histogram;
            histogram.record(value);
            histogram.record(std::numeric_limits<std::int64_t>::max());
            const std::int64_t read = histogram.value_at(0.5);
            EXPECT_GE(read, value);
            EXPECT_LE(read - value, value / 32) << value;
        }
    }
}

TEST(Histogram, EmptyAndExtremeValuesAreCounted) {
    Histogram histogram;
    EXPECT_EQ(histogram.value_at(0.99), 0);
    EXPECT_EQ(histogram.min(), 0);
    histogram.record(-5);
    histogram.record(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(histogram.count(), 2u);
    EXPECT_EQ(histogram.min(), 0);
    EXPECT_EQ(histogram.value_at(1), std::numeric_limits<std::int64_t>::max());
}

TEST(Histogram, MergeEqualsRecordingTogether) {
    Prng prng(6);
    Histogram left;
    Histogram right;
    Histogram together;
    for (int draw = 0; draw < 5'000; ++draw) {
        const std::int64_t value = prng.between(0, std::int64_t{1} << prng.below(40));
        (prng.chance(1, 3) ? left : right).record(value);
        together.record(value);
    }
    left.merge(right);
    EXPECT_EQ(left.count(), together.count());
    EXPECT_EQ(left.sum(), together.sum());
    EXPECT_EQ(left.min(), together.min());
    for (const double share : {0.01, 0.5, 0.9, 0.999, 1.0})
        EXPECT_EQ(left.value_at(share), together.value_at(share));
    std::uint64_t seen = 0;
    std::int64_t before = -1;
    left.for_each_bucket([&](std::int64_t end, std::uint64_t count) {
        EXPECT_GT(end, before);
        before = end;
        seen += count;
    });
    EXPECT_EQ(seen, 5'000u);
}

}  // namespace
}  // namespace millrace
