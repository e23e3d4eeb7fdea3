#include "perf/netpath/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace millrace::netpath {
namespace {

class NetpathPlan : public testing::TestWithParam<bool> {
protected:
    const Scale scale = scale_of(GetParam());
    const std::vector<PlannedCell> plan = make_plan(scale);
};

INSTANTIATE_TEST_SUITE_P(QuickAndFull, NetpathPlan, testing::Bool());

TEST_P(NetpathPlan, EachIdIsThereOnce) {
    std::set<std::string> ids;
    for (const PlannedCell& planned : plan) EXPECT_TRUE(ids.insert(planned.id()).second);
}

TEST_P(NetpathPlan, WithinASizeAllPathsTakeTurns) {
    const std::size_t paths = all_paths().size();
    ASSERT_EQ(plan.size() % (paths * scale.rounds), 0u);
    for (std::size_t i = 0; i < plan.size(); ++i) {
        EXPECT_EQ(plan[i].cell.path, all_paths()[i % paths]);
        EXPECT_EQ(plan[i].round, static_cast<int>(i / paths % scale.rounds) + 1);
        EXPECT_EQ(plan[i].cell.size_bytes, plan[i - i % (paths * scale.rounds)].cell.size_bytes);
    }
}

TEST_P(NetpathPlan, GoesFrom4KiBTo1MiB) {
    EXPECT_EQ(plan.front().cell.size_bytes, 4096u);
    EXPECT_EQ(plan.back().cell.size_bytes, 1u << 20);
}

TEST_P(NetpathPlan, TheFileIsWholeSteps) {
    for (const PlannedCell& planned : plan) {
        EXPECT_EQ(scale.file_bytes % planned.cell.size_bytes, 0u) << planned.id();
    }
}

TEST(NetpathPlanNames, AreDifferent) {
    std::set<std::string> names;
    for (const Path path : all_paths()) EXPECT_TRUE(names.insert(name(path)).second);
    EXPECT_EQ((PlannedCell{{Path::kRingReadZeroCopy, 65536}, 2}.id()),
              "ring-fixed-read-send-zc-64k~2");
}

TEST(NetpathPlanTime, QuickLeavesTheBrokerSevenMinutesOfTen) {
    EXPECT_LE(estimated_s(make_plan(scale_of(false)), scale_of(false)), 180);
}

TEST(NetpathPlanTime, FullLeavesTheBrokerAnHourOfEightyMinutes) {
    EXPECT_LE(estimated_s(make_plan(scale_of(true)), scale_of(true)), 20 * 60);
}

}  // namespace
}  // namespace millrace::netpath
