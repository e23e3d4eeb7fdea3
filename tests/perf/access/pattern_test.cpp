#include "perf/access/pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace millrace::access {
namespace {

Cell cell_of(Pattern pattern, std::uint32_t files = 1) {
    Cell cell;
    cell.pattern = pattern;
    cell.files = files;
    cell.size_bytes = 4096;
    return cell;
}

std::map<std::uint64_t, int> counts(const Places& places, int operations) {
    std::map<std::uint64_t, int> counted;
    for (int i = 0; i < operations; ++i) ++counted[places.at(i).offset / 4096];
    return counted;
}

TEST(Places, SequentialGoesThroughTheRoomAndBeginsAgain) {
    const Places places(cell_of(Pattern::kSequential), 3 * 4096 + 100, 1);
    std::vector<std::uint64_t> offsets;
    for (int i = 0; i < 5; ++i) offsets.push_back(places.at(i).offset);
    EXPECT_EQ(offsets, (std::vector<std::uint64_t>{0, 4096, 8192, 0, 4096}));
    EXPECT_EQ(places.operations_in_order(), 3u);
}

TEST(Places, RoundRobinVisitsEachFileOnceATurnAndIsInOrderWithinEach) {
    const Places places(cell_of(Pattern::kRoundRobin, 16), 2 * 4096, 1);
    EXPECT_EQ(places.operations_in_order(), 32u);
    for (std::uint64_t i = 0; i < 64; ++i) {
        const Place wanted{static_cast<std::uint32_t>(i % 16), i / 16 % 2 * 4096};
        EXPECT_EQ(places.at(i), wanted) << i;
    }
}

TEST(Places, RandomStaysInTheRoomAlignedAndEven) {
    const Places places(cell_of(Pattern::kRandom), 100 * 4096, 5);
    const auto counted = counts(places, 100'000);
    ASSERT_EQ(counted.size(), 100u);
    for (const auto& [slot, count] : counted) {
        EXPECT_LT(slot, 100u);
        EXPECT_NEAR(count, 1000, 200) << slot;
    }
    EXPECT_EQ(places.at(17).offset % 4096, 0u);
}

TEST(Places, ASeedRepeatsAndAnotherDiffers) {
    const Places one(cell_of(Pattern::kRandom), 4096u << 16, 5);
    const Places same(cell_of(Pattern::kRandom), 4096u << 16, 5);
    const Places other(cell_of(Pattern::kRandom), 4096u << 16, 6);
    int equal = 0;
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(one.at(i), same.at(i));
        equal += one.at(i) == other.at(i);
    }
    EXPECT_LT(equal, 5);
}

TEST(Places, ZipfWantsAFewPlacesMostAndReachesManyOthers) {
    const Places places(cell_of(Pattern::kZipf), 1000 * 4096, 3);
    const auto counted = counts(places, 200'000);
    std::vector<int> by_rank;
    for (const auto& [slot, count] : counted) {
        EXPECT_LT(slot, 1000u);
        by_rank.push_back(count);
    }
    std::sort(by_rank.rbegin(), by_rank.rend());
    EXPECT_GT(by_rank.size(), 990u);
    // The first rank has 1 / sum(1/k^0.99) = 13 %; the curve without a table gives it 10 %.
    EXPECT_NEAR(by_rank[0] / 200'000.0, 0.115, 0.025);
    EXPECT_NEAR(by_rank[9] / double(by_rank[99]), 10, 3);
}

TEST(Places, TheRanksOfZipfAreScattered) {
    const Places places(cell_of(Pattern::kZipf), 1000 * 4096, 3);
    std::vector<std::pair<int, std::uint64_t>> by_rank;
    for (const auto& [slot, count] : counts(places, 200'000)) by_rank.emplace_back(count, slot);
    std::sort(by_rank.rbegin(), by_rank.rend());
    int neighbours = 0;
    for (int i = 0; i < 20; ++i) {
        const auto [low, high] = std::minmax(by_rank[i].second, by_rank[i + 1].second);
        neighbours += high - low == 1;
    }
    EXPECT_LT(neighbours, 3);
}

}  // namespace
}  // namespace millrace::access
