#include "perf/common/time_used.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <unistd.h>

namespace millrace::perf {
namespace {

MachineTime time_in(const char* text) {
    std::istringstream stat(text);
    return machine_time_in(stat);
}

TEST(MachineTime, IsBusyUnlessItIdlesWaitsOrIsTaken) {
    const MachineTime time =
        time_in("cpu  1 20 300 4000 50000 600000 7000000 80000000 9 9\ncpu0 5");
    EXPECT_EQ(time.busy, 7600321u);
    EXPECT_EQ(time.steal, 80000000u);
    EXPECT_EQ(time.all, 87654321u);
}

TEST(MachineTime, WhatPassedIsTheDifference) {
    const MachineTime before = time_in("cpu 10 0 10 70 5 0 0 5");
    const MachineTime after = time_in("cpu 30 0 40 90 5 0 0 35");
    EXPECT_DOUBLE_EQ(busy_s(before, after), 50.0 / static_cast<double>(sysconf(_SC_CLK_TCK)));
    EXPECT_DOUBLE_EQ(steal_share(before, after), 0.3);
    EXPECT_EQ(steal_share(before, before), 0);
}

}  // namespace
}  // namespace millrace::perf
