// Where a log begins: what was deleted stays deleted, whatever happens to the broker right after
// the answer.
#include "tests/sim/on_sim_disk.hpp"

#include <algorithm>
#include <string>

namespace millrace {
namespace {

class LogStartTest : public OnSimDisk {
protected:
    Task<> append_some(int count) {
        for (int i = 0; i < count; ++i) EXPECT_TRUE(co_await append());
    }

    /// Each batch is one record, so that an offset is a batch's number.
    Task<> expect_from(std::int64_t start, std::int64_t end) {
        EXPECT_EQ(log_->log_start_offset(), Offset{start});
        EXPECT_EQ(log_->log_end_offset(), Offset{end});
        const auto below = co_await log_->read(Offset{start - 1}, 1000, true);
        EXPECT_EQ(below.error(), make_error_code(Errc::kOffsetOutOfRange));
        const Bytes all = co_await read_everything();
        const std::size_t each = expected_.size() / static_cast<std::size_t>(appended_);
        EXPECT_EQ(all, Bytes(expected_.begin() + static_cast<std::ptrdiff_t>(
                                                     each * static_cast<std::size_t>(start)),
                             expected_.end()));
    }

    static TopicConfig small_segments() {
        TopicConfig topic;
        topic.segment_bytes = 30'000;  // two batches
        topic.retention_ms = -1;
        return topic;
    }

    /// The first segments go by size: only `count` batches' worth may stay.
    Task<> retire_all_but(int count) {
        TopicConfig topic = small_segments();
        topic.retention_bytes = count * 10'072;
        log_->set_config(topic);
        EXPECT_TRUE(co_await log_->drop_old(world_->wall_clock_ms()));
    }

    std::size_t files_ending(std::string_view suffix) {
        const auto files = disk().files(kFolder + "/t-0/");
        return static_cast<std::size_t>(
            std::count_if(files.begin(), files.end(),
                          [suffix](const std::string& name) { return name.ends_with(suffix); }));
    }

    Task<> start_with(int batches) {
        co_await create();
        log_->set_config(small_segments());
        co_await append_some(batches);
        appended_ += batches;
    }

    int appended_{};
};

TEST_F(LogStartTest, IsMovedUpAndNeverBack) {
    const auto story = [this]() -> Task<> {
        co_await start_with(5);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{3}));
        co_await expect_from(3, 5);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{2}));
        co_await expect_from(3, 5);
        const auto beyond = co_await log_->advance_log_start(Offset{6});
        EXPECT_EQ(beyond.error(), make_error_code(Errc::kOffsetOutOfRange));
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{5}));
        co_await expect_from(5, 5);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogStartTest, TheEpochInWhichTheLogBeginsBeginsThere) {
    const auto story = [this]() -> Task<> {
        co_await create();
        for (const std::int32_t epoch : {0, 0, 3, 3, 5}) {
            Bytes batch = make_batch();
            EXPECT_TRUE(log_->append(batch, LeaderEpoch{epoch}));
        }
        EXPECT_TRUE(co_await log_->wait_durable(Offset{5}, kNever));
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{3}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
    const auto content = disk().content(kFolder + "/t-0/leader-epoch-checkpoint");
    EXPECT_EQ(as_text(content), "0\n2\n3 3\n5 4\n");
}

/// How the broker's life ends.
enum class End { kStop, kKill, kPowerLoss };

class LogStartAfter : public LogStartTest, public testing::WithParamInterface<End> {
protected:
    Task<> end() {
        if (GetParam() != End::kStop) co_return;
        EXPECT_TRUE(co_await directory_->close());
    }
    void live_on(Task<> story) {
        if (GetParam() == End::kPowerLoss) disk().lose_power();
        live(std::move(story));
    }
};

TEST_P(LogStartAfter, WhatIsDeletedInsideASegmentStaysDeleted) {
    const auto first = [this]() -> Task<> {
        co_await start_with(5);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{3}));
        co_await end();
    };
    live(first());
    for (int life = 0; life < 3; ++life) {
        const auto next = [this]() -> Task<> {
            EXPECT_TRUE(co_await open());
            if (log_ == nullptr) co_return;
            co_await expect_from(3, appended_);
            co_await append_some(1);
            ++appended_;
            EXPECT_TRUE(co_await directory_->checkpoint());
            co_await expect_from(3, appended_);
            co_await end();
        };
        live_on(next());
    }
}

TEST_P(LogStartAfter, SegmentsThatAreGoneStayGone) {
    const auto first = [this]() -> Task<> {
        co_await start_with(9);
        co_await retire_all_but(3);
        co_await expect_from(6, 9);
        co_await end();
    };
    live(first());
    EXPECT_EQ(files_ending(".log"), 2u);
    EXPECT_EQ(files_ending(".log.deleted"), 3u);
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(files_ending(".deleted"), 0u);
        co_await expect_from(6, 9);
        co_await end();
    };
    live_on(second());
}

TEST_P(LogStartAfter, WithNothingLeftTheLogGoesOnWhereItEnded) {
    const auto first = [this]() -> Task<> {
        co_await start_with(3);
        co_await retire_all_but(0);
        co_await expect_from(3, 3);
        EXPECT_EQ(files_ending(".log"), 1u);
        co_await end();
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_from(3, 3);
        co_await append_some(1);
        ++appended_;
        co_await expect_from(3, 4);
        co_await end();
    };
    live_on(second());
}

/// A checkpoint lists a place in a segment that is deleted then, and the log goes on.
TEST_P(LogStartAfter, AReplayWantsNothingOfADeletedSegment) {
    const auto first = [this]() -> Task<> {
        co_await start_with(3);
        EXPECT_TRUE(co_await directory_->checkpoint());
        co_await append_some(4);
        appended_ += 4;
        co_await retire_all_but(1);
        co_await append_some(1);
        ++appended_;
        co_await expect_from(6, 8);
        co_await end();
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        if (log_ == nullptr) co_return;
        co_await expect_from(6, 8);
        co_await end();
    };
    live_on(second());
}

TEST_P(LogStartAfter, ACheckpointForgetsNoStart) {
    const auto first = [this]() -> Task<> {
        co_await start_with(6);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{3}));
        co_await retire_all_but(100);
        for (int i = 0; i < 3; ++i) {
            co_await append_some(1);
            ++appended_;
            EXPECT_TRUE(co_await directory_->checkpoint());
        }
        // And once more, when the log itself has come to rest.
        co_await sleep_for(*world_, std::chrono::seconds(40));
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_FALSE(log_->is_active());
        EXPECT_TRUE(co_await directory_->checkpoint());
        co_await end();
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        if (log_ == nullptr) co_return;
        co_await expect_from(3, 9);
        co_await end();
    };
    live_on(second());
}

INSTANTIATE_TEST_SUITE_P(Ends, LogStartAfter,
                         testing::Values(End::kStop, End::kKill, End::kPowerLoss));

TEST_F(LogStartTest, Trap72_AJavaBrokerFindsItInTheCheckpointFileAfterACleanStop) {
    const auto story = [this]() -> Task<> {
        co_await start_with(5);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{3}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
    const auto content = disk().content(kFolder + "/log-start-offset-checkpoint");
    EXPECT_EQ(as_text(content), "0\n1\nt 0 3\n");
}

TEST_F(LogStartTest, ALogThatEndsBelowItsStartGoesOnThere) {
    const auto first = [this]() -> Task<> {
        co_await start_with(3);
        EXPECT_TRUE(co_await directory_->close());
        const std::string file = kFolder + "/log-start-offset-checkpoint";
        const std::string text = "0\n1\nt 0 7\n";
        EXPECT_TRUE(co_await replace_file(*world_, file, text));
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(log_->log_start_offset(), Offset{7});
        EXPECT_EQ(log_->log_end_offset(), Offset{7});
        EXPECT_TRUE(co_await append());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(second());
    EXPECT_EQ(files_ending(".log"), 1u);
}

}  // namespace
}  // namespace millrace
