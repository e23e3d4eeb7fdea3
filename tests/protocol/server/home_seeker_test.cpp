#include "protocol/server/home_seeker.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace millrace {
namespace {

constexpr ShardNumber kHere = 1;

WorkPlaces on(std::initializer_list<ShardNumber> shards) {
    WorkPlaces places;
    for (const ShardNumber each : shards) places.add(each);
    return places;
}

TEST(WorkPlacesTest, OneShardThatHasItAllIsTheOnlyOne) {
    EXPECT_TRUE(on({}).none());
    EXPECT_EQ(on({}).only(), std::nullopt);
    EXPECT_EQ(on({2, 2}).only(), 2u);
    EXPECT_EQ(on({2, 1}).only(), std::nullopt);
    EXPECT_EQ(on({1, 2, 2}).only(), std::nullopt);
    EXPECT_FALSE(on({1, 2}).none());
}

TEST(HomeSeekerTest, AnotherShardIsBetterAfterEnoughRequestsInARow) {
    HomeSeeker seeker(kHere, 3);
    seeker.note(on({2}));
    seeker.note(on({2}));
    EXPECT_EQ(seeker.better(), std::nullopt);
    seeker.note(on({2}));
    EXPECT_EQ(seeker.better(), 2u);
    seeker.note(on({2}));
    EXPECT_EQ(seeker.better(), 2u);
}

TEST(HomeSeekerTest, WorkHereOrOnSeveralShardsBeginsTheRowAnew) {
    for (const auto& between : {on({kHere}), on({2, 3}), on({kHere, 2}), on({3})}) {
        HomeSeeker seeker(kHere, 2);
        seeker.note(on({2}));
        seeker.note(between);
        seeker.note(on({2}));
        EXPECT_EQ(seeker.better(), std::nullopt);
    }
}

TEST(HomeSeekerTest, RequestsWithoutWorkAreNotLookedAt) {
    HomeSeeker seeker(kHere, 2);
    seeker.note(on({0}));
    seeker.note(on({}));
    seeker.note(on({0}));
    EXPECT_EQ(seeker.better(), 0u);
}

TEST(HomeSeekerTest, WorkThatIsHereKeepsTheConnection) {
    HomeSeeker seeker(kHere, 1);
    for (int i = 0; i < 10; ++i) seeker.note(on({kHere}));
    EXPECT_EQ(seeker.better(), std::nullopt);
}

TEST(HomeSeekerTest, OneThatNeverLeavesStays) {
    HomeSeeker seeker(kHere, HomeSeeker::kNever);
    for (int i = 0; i < 1000; ++i) seeker.note(on({2}));
    EXPECT_EQ(seeker.better(), std::nullopt);
}

}  // namespace
}  // namespace millrace
