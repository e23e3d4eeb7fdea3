// How long the next frame waits for more.
#include "core/storage/frame_gathering.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Time kBegun{1'000'000};
constexpr Duration kTook = std::chrono::microseconds(100);
constexpr Time kNow = kBegun + kTook;
constexpr std::size_t kSmall = 4096;

/// Waits for five, and `came` of them are there when the time is over.
void wait_in_vain(FrameGathering& gathering, std::size_t came) {
    gathering.on_written(5, kSmall, kBegun, kNow, 0);
    gathering.on_begun(came, gathering.until());
}

TEST(FrameGathering, WaitsForWhoWasAnsweredAndWhoCameMeanwhile) {
    FrameGathering gathering;
    EXPECT_EQ(gathering.wanted(), 0u);
    gathering.on_written(2, kSmall, kBegun, kNow, 3);
    EXPECT_EQ(gathering.wanted(), 5u);
    EXPECT_EQ(gathering.until(), kNow + kTook) << "as long as the frame took";
}

TEST(FrameGathering, NeverForLong) {
    FrameGathering gathering;
    gathering.on_written(2, kSmall, kBegun, kBegun + std::chrono::seconds(1), 3);
    EXPECT_EQ(gathering.until(), kBegun + std::chrono::seconds(1) + FrameGathering::kWaitMax);
}

TEST(FrameGathering, ALargeFrameIsWorthItsWrite) {
    FrameGathering gathering;
    gathering.on_written(2, FrameGathering::kFrameBytesMax + 1, kBegun, kNow, 3);
    EXPECT_EQ(gathering.wanted(), 0u);
}

TEST(FrameGathering, WaitsSeldomForThoseWhoDoNotCome) {
    FrameGathering gathering;
    unsigned left_out = 0;
    for (const unsigned expected : {1u, 3u, 7u, 15u, 31u, 63u, 64u, 64u}) {
        wait_in_vain(gathering, 1);
        for (left_out = 0; left_out < 1000; ++left_out) {
            gathering.on_written(5, kSmall, kBegun, kNow, 0);
            if (gathering.wanted() > 0) break;
        }
        EXPECT_EQ(left_out, expected);
    }
    // All came, before the time was over.
    gathering.on_begun(5, kNow);
    wait_in_vain(gathering, 1);
    gathering.on_written(5, kSmall, kBegun, kNow, 0);
    EXPECT_EQ(gathering.wanted(), 0u);
    gathering.on_written(5, kSmall, kBegun, kNow, 0);
    EXPECT_EQ(gathering.wanted(), 5u);
}

TEST(FrameGathering, MostOfThemAreWorthIt) {
    FrameGathering gathering;
    wait_in_vain(gathering, 3);
    gathering.on_written(5, kSmall, kBegun, kNow, 0);
    EXPECT_EQ(gathering.wanted(), 5u);
}

}  // namespace
}  // namespace millrace
