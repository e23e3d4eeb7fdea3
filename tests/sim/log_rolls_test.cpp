// When a log begins a new segment, and that its topic's settings are followed from the moment that
// they are given.
#include "tests/sim/on_sim_disk.hpp"

#include <set>

namespace millrace {
namespace {

class LogRollsTest : public OnSimDisk {
protected:
    static TopicConfig with(std::int64_t segment_ms) {
        TopicConfig topic;
        topic.segment_ms = segment_ms;
        topic.retention_ms = -1;
        return topic;
    }

    /// One record with that timestamp; returns how many segments there are then.
    Task<std::size_t> append_at(TimestampMs timestamp, std::size_t value_bytes = 10) {
        Bytes batch = make_batch({.value_bytes = value_bytes, .base_timestamp = timestamp});
        EXPECT_TRUE(log_->append(batch, LeaderEpoch{0}));
        EXPECT_TRUE(co_await log_->wait_durable(log_->log_end_offset(), kNever));
        co_return log_->segment_starts().size();
    }
};

TEST_F(LogRollsTest, ASegmentIsAsOldAsTheAppendsTimestampSaysBehindItsFirstBatch) {
    const auto story = [this]() -> Task<> {
        co_await create();
        log_->set_config(with(1'000));
        EXPECT_EQ(co_await append_at(5'000), 1u);
        EXPECT_EQ(co_await append_at(5'500), 1u);
        co_await sleep_for(*world_, std::chrono::hours(1));
        EXPECT_EQ(co_await append_at(6'000), 1u);
        EXPECT_EQ(co_await append_at(6'001), 2u);
        // Whatever came between: the first batch counts.
        EXPECT_EQ(co_await append_at(7'002), 3u);
        EXPECT_EQ(co_await append_at(5'000), 3u);
    };
    live(story());
}

TEST_F(LogRollsTest, WithoutTimestampsTheWallClockSaysHowOldASegmentIs) {
    const auto story = [this]() -> Task<> {
        co_await create();
        log_->set_config(with(1'000));
        EXPECT_EQ(co_await append_at(kNoTimestamp), 1u);
        // The clock began when the segment did, before its first batch.
        co_await sleep_for(*world_, std::chrono::milliseconds(900));
        EXPECT_EQ(co_await append_at(7'000'000), 1u);
        co_await sleep_for(*world_, std::chrono::milliseconds(200));
        EXPECT_EQ(co_await append_at(kNoTimestamp), 2u);
    };
    live(story());
}

TEST_F(LogRollsTest, ABatchWithoutATimestampIsNeverTooLateBehindOneThatHasSome) {
    const auto story = [this]() -> Task<> {
        co_await create();
        log_->set_config(with(1'000));
        EXPECT_EQ(co_await append_at(5'000), 1u);
        co_await sleep_for(*world_, std::chrono::hours(1));
        EXPECT_EQ(co_await append_at(kNoTimestamp), 1u);
    };
    live(story());
}

TEST_F(LogRollsTest, TheFirstBatchCountsAfterARestartToo) {
    const auto first = [this]() -> Task<> {
        co_await create();
        // More than an index entry's interval, so that a start doesn't walk the first batch.
        for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await append_at(5'000 + i * 100, 9'000), 1u);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        log_->set_config(with(1'000));
        EXPECT_EQ(co_await append_at(6'000), 1u);
        EXPECT_EQ(co_await append_at(6'001), 2u);
    };
    live(second());
}

TEST_F(LogRollsTest, ANewLimitCountsFromTheNextAppendOn) {
    const auto story = [this]() -> Task<> {
        co_await create();
        for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await append_at(1'000, 9'000), 1u);
        TopicConfig topic;
        topic.segment_bytes = 20'000;
        log_->set_config(topic);
        EXPECT_EQ(co_await append_at(1'000, 9'000), 2u);
        EXPECT_EQ(co_await append_at(1'000, 9'000), 2u);
        EXPECT_EQ(co_await append_at(1'000, 9'000), 3u);
        Bytes large = make_batch({.value_bytes = 20'000});
        EXPECT_EQ(log_->append(large, LeaderEpoch{0}).error(),
                  make_error_code(Errc::kBatchSetTooLarge));
    };
    live(story());
}

TEST_F(LogRollsTest, AFullIndexRolls) {
    const auto story = [this]() -> Task<> {
        co_await create();
        // A segment keeps the interval that it began with.
        TopicConfig topic = with(0);
        topic.index_interval_bytes = 1;
        log_->set_config(topic);
        EXPECT_EQ(co_await append_at(1'000), 1u);
        EXPECT_EQ(co_await append_at(2'000), 2u);
        topic.segment_ms = 1'000'000;
        topic.segment_index_bytes = 60;  // seven offsets, or four times and the one for the end
        log_->set_config(topic);
        for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await append_at(2'001 + i), 2u);
        EXPECT_EQ(co_await append_at(2'010), 3u);
        // Times that don't rise have no entries.
        for (int i = 0; i < 7; ++i) EXPECT_EQ(co_await append_at(kNoTimestamp), 3u);
        EXPECT_EQ(co_await append_at(kNoTimestamp), 4u);
    };
    live(story());
}

TEST_F(LogRollsTest, JitterMakesEachSegmentYoungerByAnotherPart) {
    const auto story = [this]() -> Task<> {
        co_await create();
        TopicConfig topic = with(1'000);
        topic.segment_jitter_ms = 400;
        log_->set_config(topic);
        // The first segment was made before; from the second on each has its own.
        TimestampMs first = 10'000;
        EXPECT_EQ(co_await append_at(0), 1u);
        EXPECT_EQ(co_await append_at(first), 2u);
        std::set<TimestampMs> ages;
        for (std::size_t segments = 2; segments < 12; ++segments) {
            TimestampMs now = first;
            while (co_await append_at(now + 10) == segments) now += 10;
            ages.insert(now + 10 - first);
            first = now + 10;
        }
        EXPECT_GT(*ages.begin(), 600 - 10);
        EXPECT_LE(*ages.rbegin(), 1'010);
        EXPECT_GT(ages.size(), 3u);
    };
    live(story());
}

}  // namespace
}  // namespace millrace
