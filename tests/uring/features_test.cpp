#include "uring/features.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(RingFeatures, AMaskSwitchesOffWhatItNames) {
    const RingFeatures features = RingFeatures::all_but("defer_taskrun,unheard_of,no_iowait");
    EXPECT_FALSE(features.has(RingFeature::kDeferTaskrun));
    EXPECT_FALSE(features.has(RingFeature::kNoIowait));
    EXPECT_TRUE(features.has(RingFeature::kCoopTaskrun));
    EXPECT_EQ(features.to_string(),
              "coop_taskrun,submit_all,registered_ring,fixed_buffers,provided_buffers,msg_ring");
}

TEST(RingFeatures, AnEmptyMaskLeavesAll) {
    EXPECT_EQ(RingFeatures::all_but("").to_string(), RingFeatures::all().to_string());
}

}  // namespace
}  // namespace millrace
