#include "perf/netpath/passage.hpp"

#include <gtest/gtest.h>

namespace millrace::netpath {
namespace {

TEST(Passage, AWholeStepIsOnePutAndOneTake) {
    Passage passage(4096, 100);
    EXPECT_EQ(passage.position(), 4096u);
    EXPECT_EQ(passage.outside(), 100u);
    passage.put(100);
    EXPECT_EQ(passage.inside(), 100u);
    EXPECT_FALSE(passage.done());
    passage.take(100);
    EXPECT_TRUE(passage.done());
}

TEST(Passage, AShortSendLeavesTheRestInside) {
    Passage passage(0, 100);
    passage.put(100);
    passage.take(30);
    EXPECT_EQ(passage.inside(), 70u);
    EXPECT_EQ(passage.take_at(), 30u);
    EXPECT_EQ(passage.outside(), 0u);
    EXPECT_FALSE(passage.done());
}

TEST(Passage, AShortReadLeavesTheRestOutside) {
    Passage passage(4096, 100);
    passage.put(40);
    passage.take(0);  // cancelled, because the read fell short
    EXPECT_EQ(passage.inside(), 40u);
    passage.take(40);
    EXPECT_FALSE(passage.done());
    EXPECT_EQ(passage.inside(), 0u);
    EXPECT_EQ(passage.outside(), 60u);
    EXPECT_EQ(passage.position(), 4136u);
    EXPECT_EQ(passage.put_at(), 40u);
}

TEST(PassageDeathTest, NothingComesOutThatDidNotGoIn) {
    Passage passage(0, 100);
    passage.put(10);
    EXPECT_DEATH(passage.take(11), "what comes out is in");
    EXPECT_DEATH(passage.put(91), "what goes in is there");
}

}  // namespace
}  // namespace millrace::netpath
