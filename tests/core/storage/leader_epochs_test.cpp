#include "core/storage/leader_epochs.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Offset kEnd{100};

std::pair<std::int32_t, std::int64_t> ask(const std::vector<EpochStart>& epochs, EpochStart current,
                                          std::int32_t asked) {
    const EpochEnd found = end_of_epoch(epochs, current, LeaderEpoch{asked}, kEnd);
    return {found.epoch.value, found.end.value};
}

using Answer = std::pair<std::int32_t, std::int64_t>;

TEST(EndOfEpoch, TheCurrentOneEndsWithTheLog) {
    const EpochStart current{LeaderEpoch{5}, Offset{40}};
    EXPECT_EQ(ask({{LeaderEpoch{5}, Offset{40}}}, current, 5), Answer(5, 100));
    EXPECT_EQ(ask({}, {LeaderEpoch{5}, kEnd}, 5), Answer(5, 100)) << "no batch of it is there yet";
}

TEST(EndOfEpoch, AnOlderOneEndsWhereTheNextBegins) {
    const std::vector<EpochStart> epochs{{LeaderEpoch{2}, Offset{10}},
                                         {LeaderEpoch{4}, Offset{30}}};
    const EpochStart current{LeaderEpoch{7}, Offset{60}};
    EXPECT_EQ(ask(epochs, current, 2), Answer(2, 30));
    EXPECT_EQ(ask(epochs, current, 3), Answer(2, 30)) << "the largest one below it";
    EXPECT_EQ(ask(epochs, current, 4), Answer(4, 60));
    EXPECT_EQ(ask(epochs, current, 6), Answer(4, 60));
}

TEST(EndOfEpoch, BelowAllOfThemIsWhereTheFirstBegins) {
    const std::vector<EpochStart> epochs{{LeaderEpoch{2}, Offset{10}}};
    EXPECT_EQ(ask(epochs, {LeaderEpoch{3}, Offset{60}}, 1), Answer(1, 10));
    EXPECT_EQ(ask({}, {LeaderEpoch{3}, Offset{60}}, 1), Answer(1, 60));
}

TEST(EndOfEpoch, NothingIsKnownOfWhatIsStillToComeAndOfNone) {
    const EpochStart current{LeaderEpoch{3}, Offset{60}};
    EXPECT_EQ(ask({}, current, 4), Answer(-1, -1));
    EXPECT_EQ(ask({}, current, -1), Answer(-1, -1));
}

TEST(EndOfEpoch, OneWithoutBatchesHasLeftNoTrace) {
    // As a Java leader writes them that got no batch in epoch 4.
    const std::vector<EpochStart> epochs{{LeaderEpoch{2}, Offset{10}},
                                         {LeaderEpoch{4}, Offset{60}}};
    EXPECT_EQ(ask(epochs, {LeaderEpoch{5}, Offset{60}}, 4), Answer(2, 60));
}

TEST(FirstEpoch, IsThatOfTheLogsStart) {
    const EpochStart current{LeaderEpoch{3}, Offset{60}};
    const std::vector<EpochStart> epochs{{LeaderEpoch{2}, Offset{10}}};
    EXPECT_EQ(first_epoch(epochs, current, Offset{10}), LeaderEpoch{2});
    EXPECT_EQ(first_epoch(epochs, current, Offset{20}), LeaderEpoch{2});
    EXPECT_EQ(first_epoch(epochs, current, Offset{0}), LeaderEpoch{-1}) << "nobody knows";
    EXPECT_EQ(first_epoch({}, current, Offset{60}), LeaderEpoch{3});
    const std::vector<EpochStart> empty{{LeaderEpoch{2}, Offset{60}}};
    EXPECT_EQ(first_epoch(empty, current, Offset{60}), LeaderEpoch{3});
}

}  // namespace
}  // namespace millrace
