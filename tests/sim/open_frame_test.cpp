// What is appended while a frame is in flight is in the journal's open frame already, and counts
// for nothing until that is written too.
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

class OpenFrameTest : public OnSimDisk {
protected:
    /// Into the open frame.
    Task<Offset> append_at_once() {
        Bytes batch = make_batch({.value_bytes = 10'000, .base_timestamp = next_++});
        const auto appended = log_->append(batch, LeaderEpoch{0});
        EXPECT_TRUE(appended);
        append_bytes(expected_, batch);
        co_return log_->log_end_offset();
    }

    /// One batch in a frame that is being written, one in the open frame. Their ends.
    Task<std::pair<Offset, Offset>> append_two() {
        const Offset first = co_await append_at_once();
        // The frame is sealed at the end of the turn; no disk is as quick as this.
        co_await sleep_for(*world_, std::chrono::nanoseconds(1));
        EXPECT_EQ(log_->durable_end(), Offset{0});
        const Offset second = co_await append_at_once();
        co_return std::pair(first, second);
    }

    /// A life that finds all that was acknowledged.
    void expect_everything() {
        const auto story = [this]() -> Task<> {
            EXPECT_TRUE(co_await open());
            if (log_ == nullptr) co_return;
            const Bytes found = co_await read_everything();
            EXPECT_EQ(found, expected_);
        };
        live(story());
    }
};

TEST_F(OpenFrameTest, AFrameThatIsWrittenCountsWithoutWhatTheNextHas) {
    const auto story = [this]() -> Task<> {
        co_await create();
        const auto [first, second] = co_await append_two();
        EXPECT_TRUE(co_await log_->wait_durable(first, kNever));
        EXPECT_EQ(log_->durable_end(), first);
        EXPECT_TRUE(co_await log_->wait_durable(second, kNever));
        EXPECT_EQ(log_->durable_end(), second);
    };
    live(story());
    disk().lose_power();
    expect_everything();
}

TEST_F(OpenFrameTest, ACheckpointListsWhereSealedFramesEnd) {
    const auto story = [this]() -> Task<> {
        co_await create();
        const auto [first, second] = co_await append_two();
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_EQ(log_->synced_end(), first);
        EXPECT_TRUE(co_await log_->wait_durable(second, kNever));
    };
    live(story());
    disk().lose_power();
    expect_everything();
}

/// The queue is for what the open frame has no room for: order stays, and so does everything.
TEST_F(OpenFrameTest, WhatTheFrameHasNoRoomForIsQueuedBehindIt) {
    const auto story = [this]() -> Task<> {
        co_await create();
        (void)co_await append_two();
        Offset end{};
        for (int i = 0; i < 12; ++i) end = co_await append_at_once();
        EXPECT_TRUE(co_await log_->wait_durable(end, kNever));
        EXPECT_GT(world_->metrics().journal_frames.value, 3u);
    };
    live(story());
    disk().lose_power();
    expect_everything();
}

}  // namespace
}  // namespace millrace
