// Which segments are cleaned into one.
#include "core/storage/segment_groups.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Groups = std::vector<std::size_t>;

constexpr GroupLimits kLimits{100, 1000, Offset{1000}};

SegmentSizes of(std::int64_t base, std::uint64_t bytes, std::uint64_t offsets = 8,
                std::uint64_t times = 12) {
    return {Offset{base}, bytes, offsets, times};
}

TEST(SegmentGroups, AsManyAsFitBySize) {
    EXPECT_EQ(group_segments({}, kLimits), Groups());
    EXPECT_EQ(group_segments({of(0, 40), of(10, 40), of(20, 20), of(30, 1)}, kLimits),
              (Groups{3, 1}));
    EXPECT_EQ(group_segments({of(0, 500), of(10, 500), of(20, 60), of(30, 40)}, kLimits),
              (Groups{1, 1, 2}));
}

TEST(SegmentGroups, AsManyAsFitByTheirIndexes) {
    EXPECT_EQ(group_segments({of(0, 1, 600), of(10, 1, 400), of(20, 1, 8)}, kLimits),
              (Groups{2, 1}));
    EXPECT_EQ(group_segments({of(0, 1, 8, 600), of(10, 1, 8, 401)}, kLimits), (Groups{1, 1}));
}

TEST(SegmentGroups, NoOffsetIsTooFarFromTheFirst) {
    constexpr std::int64_t kFar = std::int64_t{1} << 31;
    GroupLimits limits = kLimits;
    limits.end = Offset{kFar};
    EXPECT_EQ(group_segments({of(0, 1), of(10, 1)}, limits), (Groups{2}));
    limits.end = Offset{kFar + 1};
    EXPECT_EQ(group_segments({of(0, 1), of(10, 1)}, limits), (Groups{1, 1}));
    // An empty one has no offsets.
    EXPECT_EQ(group_segments({of(0, 1), of(10, 0)}, limits), (Groups{2}));
    EXPECT_EQ(group_segments({of(0, 1), of(10, 1), of(kFar, 1)}, limits), (Groups{2, 1}));
}

}  // namespace
}  // namespace millrace
