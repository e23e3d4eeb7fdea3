#include "perf/access/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace millrace::access {
namespace {

/// On how many axes two cells differ; the number of files belongs to the pattern.
int differences(const Cell& a, const Cell& b) {
    return (a.operation != b.operation) + (a.pattern != b.pattern || a.files != b.files) +
           (a.size_bytes != b.size_bytes) + (a.depth != b.depth) + (a.engine != b.engine) +
           (a.sync != b.sync) + (a.cache != b.cache) + (a.layout != b.layout);
}

const Cell& base_named(const std::string& name) {
    const auto& all = bases();
    return std::find_if(all.begin(), all.end(), [&](const Base& b) { return b.name == name; })
        ->cell;
}

class PlanTest : public testing::TestWithParam<bool> {
protected:
    const Scale scale = scale_of(GetParam());
    const std::vector<PlannedCell> plan = make_plan(scale);
};

INSTANTIATE_TEST_SUITE_P(QuickAndFull, PlanTest, testing::Bool());

TEST_P(PlanTest, EachIdIsThereOnce) {
    std::set<std::string> ids;
    for (const PlannedCell& planned : plan) EXPECT_TRUE(ids.insert(planned.id()).second);
}

TEST_P(PlanTest, NoCellContradictsItself) {
    for (const PlannedCell& planned : plan) {
        EXPECT_EQ(contradiction(planned.cell, scale), "") << planned.id();
    }
}

TEST_P(PlanTest, BothCellsOfEachPairAreThereInEachRound) {
    std::set<std::string> ids;
    for (const PlannedCell& planned : plan) ids.insert(planned.id());
    for (const Base& base : bases()) {
        const Pair pair = pair_of(base.cell);
        for (int round = 1; round <= scale.rounds; ++round) {
            for (const Cell& cell : {pair.in_order, pair.other}) {
                const PlannedCell planned{cell, Part::kPair, base.name, "", round};
                EXPECT_TRUE(ids.contains(planned.id())) << planned.id();
            }
        }
    }
}

TEST_P(PlanTest, EachPairBelongsToOneBase) {
    const auto pairs = std::count_if(plan.begin(), plan.end(), [](const PlannedCell& planned) {
        return planned.part == Part::kPair;
    });
    EXPECT_EQ(static_cast<std::size_t>(pairs), bases().size() * 2 * scale.rounds);
}

TEST_P(PlanTest, APairDiffersInItsPatternOnly) {
    for (const Base& base : bases()) {
        const Pair pair = pair_of(base.cell);
        EXPECT_EQ(differences(pair.in_order, pair.other), 1) << base.name;
        EXPECT_EQ(pair.in_order.pattern, Pattern::kSequential) << base.name;
    }
}

TEST_P(PlanTest, AxisCellsDifferFromTheirBaseOnOneAxisOrAreItsTwinInOrder) {
    for (const PlannedCell& planned : plan) {
        if (planned.part != Part::kAxis) continue;
        const Cell& base = base_named(planned.base);
        const int apart = differences(planned.cell, base);
        const int twins_apart = differences(planned.cell, sequential_twin(base));
        EXPECT_LE(std::min(apart, twins_apart), 1) << planned.id();
    }
}

TEST(Plan, FullHasAtMost600CellsAndEachNotInOrderHasItsTwin) {
    const Scale scale = scale_of(true);
    const auto plan = make_plan(scale);
    EXPECT_LE(plan.size(), 600u);
    std::set<std::string> ids;
    for (const PlannedCell& planned : plan) ids.insert(planned.id());
    for (const PlannedCell& planned : plan) {
        const Cell twin = sequential_twin(planned.cell);
        if (!contradiction(twin, scale).empty()) continue;
        EXPECT_TRUE(ids.contains(name(twin))) << planned.id();
    }
}

TEST(Plan, FullFitsOnePartOfEightyMinutes) {
    EXPECT_LE(estimated_s(make_plan(scale_of(true)), scale_of(true)), 80 * 60);
}

TEST(Plan, QuickTakesLessThanAMinuteWithTheLimitsOfTheDisk) {
    EXPECT_LE(estimated_s(make_plan(scale_of(false)), scale_of(false)), 48);
}

TEST(Plan, TheFilesStayWithinTheLimitOfTheRun) {
    for (const bool full : {false, true}) {
        const Scale scale = scale_of(full);
        const std::uint64_t bytes =
            scale.written_bytes + 3 * scale.written_many_bytes + scale.scratch_bytes;
        EXPECT_LE(bytes, std::uint64_t{full ? 4u : 1u} << 30);
    }
}

TEST(Plan, SaysWhyACellContradictsItself) {
    const Scale scale = scale_of(true);
    Cell cell = base_named("append-cached");
    EXPECT_EQ(contradiction(cell, scale), "");
    cell.engine = Engine::kMapping;
    EXPECT_EQ(contradiction(cell, scale), "a mapping can't extend its file");
    cell.layout = Layout::kWritten;
    cell.sync = Sync::kDsync;
    EXPECT_EQ(contradiction(cell, scale), "a store to memory has no DSYNC");
    cell = base_named("append-many");
    cell.files = 4096;
    cell.size_bytes = 4u << 20;
    EXPECT_EQ(contradiction(cell, scale), "larger than a file of its set");
}

TEST(Plan, NamesSayAllAxes) {
    EXPECT_EQ(name(base_named("append-many")), "write-files256-16k-d1-psync-none-cold-extending");
    EXPECT_EQ(name(base_named("append-durable")),
              "write-sequential-16k-d1-direct-each-cold-fallocated");
}

}  // namespace
}  // namespace millrace::access
