// What is appended while a frame is in flight is in the journal's open frame already, and counts
// for nothing until that is written too.
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

class OpenFrameTest : public OnSimDisk {
protected:
    /// Into the open frame.
    Offset append_at_once(std::size_t value_bytes = 10'000) {
        Bytes batch = make_batch({.value_bytes = value_bytes, .base_timestamp = next_++});
        const auto appended = log_->append(batch, LeaderEpoch{0});
        EXPECT_TRUE(appended);
        append_bytes(expected_, batch);
        return log_->log_end_offset();
    }

    /// One batch in a frame that is being written, one in the open frame. Their ends.
    Task<std::pair<Offset, Offset>> append_two() {
        const Offset first = append_at_once();
        // The frame is sealed at the end of the turn; no disk is as quick as this.
        co_await sleep_for(*world_, std::chrono::nanoseconds(1));
        EXPECT_EQ(log_->durable_end(), Offset{0});
        const Offset second = append_at_once();
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

/// A frame of this journal has room for one large batch and some small ones.
TEST_F(OpenFrameTest, WhatWouldFitStaysBehindWhatIsQueued) {
    const auto story = [this]() -> Task<> {
        co_await create();
        (void)co_await append_two();
        const auto frames = world_->metrics().journal_frames.value;
        (void)append_at_once();
        (void)append_at_once(100);
        (void)append_at_once();
        const Offset end = append_at_once(100);
        EXPECT_TRUE(co_await log_->wait_durable(end, kNever));
        // That in flight, the open one, and one for each of the large batches behind it.
        EXPECT_EQ(world_->metrics().journal_frames.value - frames, 4u);
    };
    live(story());
    disk().lose_power();
    expect_everything();
}

}  // namespace
}  // namespace millrace
