#include "bench/load/schedule.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace millrace::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Pace, RequestsAreDueAtEvenDistances) {
    const Pace pace(seconds(5), 1000, 0);
    EXPECT_EQ(pace.due(0), seconds(5));
    EXPECT_EQ(pace.due(1), seconds(5) + milliseconds(1));
    EXPECT_EQ(pace.due(250), seconds(5) + milliseconds(250));
}

TEST(Pace, NothingAddsUpOverADay) {
    // A third of a request a second has no exact distance in nanoseconds.
    const Pace pace(seconds(0), 3, 0);
    constexpr std::uint64_t kADay = std::uint64_t{3} * 86'400;
    EXPECT_NEAR(static_cast<double>(pace.due(kADay).count()), 86'400e9, 1000);
}

TEST(Pace, APhaseShiftsAllOfThemByAPartOfADistance) {
    const Pace pace(seconds(0), 10, 0.25);
    EXPECT_EQ(pace.due(0), milliseconds(25));
    EXPECT_EQ(pace.due(4), milliseconds(425));
}

TEST(Pace, KnowsHowManyAreDueBeforeTheEnd) {
    const Pace pace(seconds(1), 4, 0.5);
    EXPECT_EQ(pace.due_before(seconds(1)), 0U);
    EXPECT_EQ(pace.due_before(seconds(0)), 0U);
    for (std::uint64_t count = 1; count < 40; ++count) {
        EXPECT_EQ(pace.due_before(pace.due(count)), count);
        EXPECT_EQ(pace.due_before(pace.due(count) + Time(1)), count + 1);
    }
}

TEST(Rotation, TakesEachPlaceInTurn) {
    Rotation rotation(3, 0, 1);
    for (const std::size_t place : {0, 1, 2, 0, 1}) EXPECT_EQ(rotation.next(), place);
}

TEST(Rotation, MembersBeginAtDifferentPlaces) {
    std::set<std::size_t> begins;
    for (std::size_t member = 0; member < 8; ++member) {
        begins.insert(Rotation(16, member, 8).next());
    }
    EXPECT_EQ(begins, (std::set<std::size_t>{0, 2, 4, 6, 8, 10, 12, 14}));
}

TEST(Rotation, MoreMembersThanPlacesShareThemEvenly) {
    std::vector<int> begins(4);
    for (std::size_t member = 0; member < 64; ++member) ++begins[Rotation(4, member, 64).next()];
    EXPECT_EQ(begins, (std::vector<int>{16, 16, 16, 16}));
}

}  // namespace
}  // namespace millrace::bench
