// What a log keeps, by its topic's settings, and what becomes of the files of what it doesn't.
#include "tests/sim/on_sim_disk.hpp"

#include <algorithm>
#include <string>

namespace millrace {
namespace {

class LogRetentionTest : public OnSimDisk {
protected:
    /// Segments of two batches; what a batch takes.
    static constexpr std::int64_t kBatchBytes = 10'072;

    LogRetentionTest() {
        topic_.segment_bytes = 30'000;
        topic_.retention_ms = -1;
    }

    /// One batch is one record, so that an offset is a batch's number.
    Task<> start_with(int batches) {
        co_await create();
        log_->set_config(topic_);
        for (int i = 0; i < batches; ++i) EXPECT_TRUE(co_await append());
        EXPECT_EQ(expected_.size(), static_cast<std::size_t>(batches * kBatchBytes));
    }

    Task<Offset> start_after(TimestampMs now) {
        log_->set_config(topic_);
        EXPECT_TRUE(co_await log_->drop_old(now));
        co_return log_->log_start_offset();
    }

    std::size_t files_ending(std::string_view suffix) {
        const auto files = disk().files(kFolder + "/t-0/");
        return static_cast<std::size_t>(
            std::count_if(files.begin(), files.end(),
                          [suffix](const std::string& name) { return name.ends_with(suffix); }));
    }

    TopicConfig topic_;
};

TEST_F(LogRetentionTest, BySizeASegmentGoesWhenAllThatIsAskedForStaysWithoutIt) {
    const auto story = [this]() -> Task<> {
        co_await start_with(7);
        EXPECT_EQ(co_await start_after(0), Offset{0});
        topic_.retention_bytes = 5 * kBatchBytes + 1;
        EXPECT_EQ(co_await start_after(0), Offset{0});
        topic_.retention_bytes = 5 * kBatchBytes;
        EXPECT_EQ(co_await start_after(0), Offset{2});
        topic_.retention_bytes = 1;
        EXPECT_EQ(co_await start_after(0), Offset{6});
        topic_.retention_bytes = 0;
        EXPECT_EQ(co_await start_after(0), Offset{7});
        EXPECT_EQ(log_->segment_starts().size(), 1u);
        // An empty segment stays.
        EXPECT_EQ(co_await start_after(0), Offset{7});
        EXPECT_TRUE(co_await append());
        EXPECT_EQ(log_->first_base(), Offset{7});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, ByTimeASegmentGoesWhenItsLargestTimestampIsTooOld) {
    const auto story = [this]() -> Task<> {
        co_await start_with(5);  // timestamps from 1000 on
        topic_.retention_ms = 500;
        EXPECT_EQ(co_await start_after(1'501), Offset{0});
        EXPECT_EQ(co_await start_after(1'502), Offset{2});
        EXPECT_EQ(co_await start_after(1'504), Offset{4});
        // The last one, too, though it is being appended to.
        EXPECT_EQ(co_await start_after(1'505), Offset{5});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, TheOldestThatStaysKeepsAllBehindIt) {
    const auto story = [this]() -> Task<> {
        co_await create();
        log_->set_config(topic_);
        for (const TimestampMs time : {9'000, 9'000, 1'000, 1'000, 1'000}) {
            Bytes batch = make_batch({.value_bytes = 10'000, .base_timestamp = time});
            EXPECT_TRUE(log_->append(batch, LeaderEpoch{0}));
            EXPECT_TRUE(co_await log_->wait_durable(log_->log_end_offset(), kNever));
        }
        topic_.retention_ms = 500;
        EXPECT_EQ(co_await start_after(9'400), Offset{0});
        EXPECT_EQ(co_await start_after(9'501), Offset{5});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, WithoutTimestampsTheTimeOfTheLastWriteCounts) {
    const auto story = [this]() -> Task<> {
        co_await create();
        log_->set_config(topic_);
        Bytes batch = make_batch({.base_timestamp = kNoTimestamp});
        EXPECT_TRUE(log_->append(batch, LeaderEpoch{0}));
        EXPECT_TRUE(co_await log_->wait_durable(log_->log_end_offset(), kNever));
        const TimestampMs written = world_->wall_clock_ms();
        topic_.retention_ms = 500;
        EXPECT_EQ(co_await start_after(written + 400), Offset{0});
        EXPECT_EQ(co_await start_after(written + 501), Offset{1});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, ACompactedTopicLosesOnlyWhatIsBelowItsStart) {
    const auto story = [this]() -> Task<> {
        co_await start_with(7);
        topic_.cleanup_by_deletion = false;
        topic_.cleanup_by_compaction = true;
        topic_.retention_bytes = 0;
        topic_.retention_ms = 0;
        EXPECT_EQ(co_await start_after(1'000'000), Offset{0});
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{5}));
        EXPECT_EQ(log_->first_base(), Offset{0});
        EXPECT_EQ(co_await start_after(1'000'000), Offset{5});
        EXPECT_EQ(log_->first_base(), Offset{4});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, BeforeItsTopicIsKnownALogKeepsEverything) {
    config_.topic.retention_bytes = 0;
    const auto first = [this]() -> Task<> {
        topic_.retention_bytes = -1;
        co_await start_with(7);
        EXPECT_TRUE(co_await directory_->close());
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_TRUE(co_await log_->drop_old(1'000'000));
        EXPECT_EQ(log_->log_start_offset(), Offset{0});
        topic_.retention_bytes = 0;
        EXPECT_EQ(co_await start_after(1'000'000), Offset{7});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(first());
    live(second());
}

TEST_F(LogRetentionTest, ASegmentThatEndsAtTheStartGoesOnceAnotherFollows) {
    const auto story = [this]() -> Task<> {
        co_await start_with(2);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{2}));
        EXPECT_EQ(co_await start_after(0), Offset{2});
        EXPECT_EQ(log_->first_base(), Offset{0});
        EXPECT_TRUE(co_await append());
        EXPECT_EQ(co_await start_after(0), Offset{2});
        EXPECT_EQ(log_->first_base(), Offset{2});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, FilesAreRemovedAfterTheDelayAndWhoReadsThemGoesOn) {
    const auto story = [this]() -> Task<> {
        co_await start_with(5);
        EXPECT_TRUE(co_await directory_->checkpoint());
        topic_.retention_bytes = kBatchBytes;
        topic_.file_delete_delay_ms = 5'000;
        const auto held = co_await log_->read(Offset{0}, 1, true);
        EXPECT_EQ(co_await start_after(0), Offset{4});
        EXPECT_EQ(files_ending(".log"), 1u);
        EXPECT_EQ(files_ending(".log.deleted"), 2u);
        EXPECT_EQ(files_ending(".index.deleted"), 2u);
        EXPECT_EQ(files_ending(".timeindex.deleted"), 2u);
        co_await sleep_for(*world_, std::chrono::seconds(4));
        EXPECT_EQ(files_ending(".log.deleted"), 2u);
        co_await sleep_for(*world_, std::chrono::seconds(2));
        EXPECT_EQ(files_ending(".deleted"), 0u);
        EXPECT_EQ(size_of(*held), static_cast<std::size_t>(kBatchBytes));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogRetentionTest, LogsAreLookedAtSteadily) {
    const auto story = [this]() -> Task<> {
        co_await start_with(5);
        topic_.retention_bytes = kBatchBytes;
        log_->set_config(topic_);
        co_await sleep_for(*world_, std::chrono::seconds(29));
        EXPECT_EQ(log_->log_start_offset(), Offset{0});
        co_await sleep_for(*world_, std::chrono::seconds(2));
        EXPECT_EQ(log_->log_start_offset(), Offset{4});
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(co_await append());
        co_await sleep_for(*world_, std::chrono::seconds(298));
        EXPECT_EQ(log_->log_start_offset(), Offset{4});
        co_await sleep_for(*world_, std::chrono::seconds(4));
        EXPECT_EQ(log_->log_start_offset(), Offset{6});
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

}  // namespace
}  // namespace millrace
