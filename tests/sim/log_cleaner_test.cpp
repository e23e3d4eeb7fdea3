// A compacted log under its cleaner: what is cleaned and when, by the topic's settings, and what
// is left of it.
#include "tests/sim/on_compacted_log.hpp"

#include <string>

namespace millrace {
namespace {

class LogCleanerTest : public OnCompactedLog {
protected:
    /// `count` batches of one record of 500 bytes, three to a segment, with the keys 0 to 2.
    Task<> put_rounds(int count) {
        for (int i = 0; i < count; ++i) {
            const std::string key = std::to_string(i % 3);
            std::vector<KeyedRecord> records{{key, std::string(500, 'v'), next_++}};
            EXPECT_TRUE(co_await put(std::move(records)));
        }
    }

    Task<std::vector<std::int64_t>> offsets() {
        const Bytes bytes = co_await read_everything();
        std::vector<std::int64_t> found;
        for (const LoggedRecord& each : records_in(bytes)) found.push_back(each.offset);
        co_return found;
    }

    Task<> rest(int ms) { return sleep_for(*world_, std::chrono::milliseconds(ms)); }

    std::string checkpoint_file() {
        const auto content = disk().content(kFolder + "/cleaner-offset-checkpoint");
        return std::string(as_text(content));
    }
};

/// GCC 12 can't have a list in an expression that waits.
template <class... Numbers>
std::vector<std::int64_t> of(Numbers... numbers) {
    return {numbers...};
}

TEST_F(LogCleanerTest, OfEachKeyTheNewestStaysBelowTheLastSegment) {
    const auto story = [this]() -> Task<> {
        co_await create_compacted();
        co_await put_rounds(14);
        EXPECT_EQ(last_base(), Offset{12});
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_EQ(co_await offsets(), of(9, 10, 11, 12, 13));
        EXPECT_EQ(log_->log_start_offset(), Offset{0});
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{12}));
        EXPECT_EQ(checkpoint_file(), "0\n1\nt 0 12\n");
        // Where there was something a reader finds what comes next.
        const auto parts = co_await log_->read(Offset{4}, 1, true, ReadInto::kMemory);
        EXPECT_TRUE(parts);
        Bytes first(parts ? size_of(*parts) : 0);
        if (parts) copy_out(*parts, 0, first);
        EXPECT_EQ(records_in(first).front().offset, 9);
        const auto by_time = co_await log_->find_batch_by_time(1'001, Offset{0});
        EXPECT_TRUE(by_time && *by_time);
        if (by_time && *by_time) {
            EXPECT_EQ(RecordBatchView((*by_time)->bytes).base_offset(), Offset{9});
        }
        co_await rest(3'000);
        EXPECT_EQ(files_with(".deleted"), 0u);
        EXPECT_EQ(files_with(".log"), log_->segment_starts().size());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
    const auto next = [this]() -> Task<> {
        EXPECT_TRUE(co_await open_compacted());
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{12}));
        EXPECT_EQ(co_await offsets(), of(9, 10, 11, 12, 13));
        co_await put_rounds(6);
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(next());
}

TEST_F(LogCleanerTest, IsLeftAloneUntilItIsDirtyEnough) {
    const auto story = [this]() -> Task<> {
        topic_.min_cleanable_dirty_ratio = 0.5;
        co_await create_compacted();
        co_await put_rounds(7);
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{6}));
        // One clean segment, and one that is dirty: just half.
        co_await put_rounds(3);
        co_await rest(5'000);
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{6}));
        co_await put_rounds(3);
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{12}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, ThatIsOverdueIsCleanedHoweverCleanItIs) {
    const auto story = [this]() -> Task<> {
        topic_.min_cleanable_dirty_ratio = 1;
        co_await create_compacted();
        next_ = world_->wall_clock_ms();
        co_await put_rounds(7);
        co_await rest(2'000);
        EXPECT_FALSE(log_->cleaned_to());
        topic_.max_compaction_lag_ms = 5'000;
        log_->set_config(topic_);
        co_await rest(2'000);
        EXPECT_FALSE(log_->cleaned_to());
        co_await rest(3'000);
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{6}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, WhatIsYoungerThanTheLeastLagStays) {
    const auto story = [this]() -> Task<> {
        topic_.min_compaction_lag_ms = 60'000;
        co_await create_compacted();
        next_ = world_->wall_clock_ms() - 70'000;
        co_await put_rounds(6);
        next_ = world_->wall_clock_ms();
        co_await put_rounds(6);
        co_await rest(5'000);
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{6}));
        EXPECT_EQ(co_await offsets(), of(3, 4, 5, 6, 7, 8, 9, 10, 11));
        co_await rest(60'000);
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{9}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, TombstonesGoInALaterPassBehindTheirTime) {
    const auto story = [this]() -> Task<> {
        topic_.delete_retention_ms = 10'000;
        co_await create_compacted();
        co_await put_rounds(3);
        for (int i = 0; i < 3; ++i) {
            std::vector<KeyedRecord> records{{std::to_string(i), std::nullopt, next_++}};
            EXPECT_TRUE(co_await put(std::move(records)));
        }
        std::vector<KeyedRecord> other{{"other", std::string(1'500, 'v'), next_++}};
        EXPECT_TRUE(co_await put(other));
        EXPECT_TRUE(co_await put(other));
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_EQ(co_await offsets(), of(3, 4, 5, 6, 7));
        EXPECT_TRUE(co_await put(other));
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_EQ(co_await offsets(), of(3, 4, 5, 7, 8));
        co_await rest(10'000);
        EXPECT_TRUE(co_await put(other));
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_EQ(co_await offsets(), of(8, 9));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, AProducersLastBatchLeavesItsHeader) {
    const auto story = [this]() -> Task<> {
        co_await create_compacted();
        BatchFrame frame;
        frame.producer_id = 5;
        frame.producer_epoch = 0;
        frame.base_sequence = 0;
        std::vector<KeyedRecord> records{{"0", std::string(500, 'v'), next_++}};
        EXPECT_TRUE(co_await put(records, frame));
        frame.base_sequence = 1;
        EXPECT_TRUE(co_await put(records, frame));
        co_await put_rounds(14);
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(false);
        const Bytes bytes = co_await read_everything();
        EXPECT_EQ(RecordBatchView(bytes).base_offset(), Offset{1});
        EXPECT_EQ(RecordBatchView(bytes).record_count(), 0);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
    // Without a snapshot the producer is known by it.
    const auto next = [this]() -> Task<> {
        EXPECT_TRUE(co_await open_compacted());
        BatchFrame frame;
        frame.producer_id = 5;
        frame.producer_epoch = 0;
        frame.base_sequence = 2;
        std::vector<KeyedRecord> records{{"0", "on", next_++}};
        EXPECT_TRUE(co_await put(records, frame));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(next());
}

TEST_F(LogCleanerTest, WithASmallMapItGoesOnStepByStep) {
    const auto story = [this]() -> Task<> {
        config_.cleaner.dedupe_bytes = 24 * 4;
        co_await create_compacted();
        Prng prng(7);
        for (int i = 0; i < 60; ++i) EXPECT_TRUE(co_await put_some(prng, 30));
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, ATransactionEndsWhatIsCleaned) {
    const auto story = [this]() -> Task<> {
        co_await create_compacted();
        co_await put_rounds(6);
        BatchFrame frame;
        frame.producer_id = 5;
        frame.producer_epoch = 0;
        frame.base_sequence = 0;
        frame.is_transactional = true;
        std::vector<KeyedRecord> records{{"0", "not yet", next_++}};
        EXPECT_TRUE(co_await put(records, frame));
        co_await put_rounds(7);
        co_await rest(5'000);
        EXPECT_EQ(log_->cleaned_to(), std::optional(Offset{6}));
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, IsSlowedDownToItsRate) {
    const auto story = [this]() -> Task<> {
        config_.cleaner.bytes_per_second = 1'000;
        co_await create_compacted();
        co_await put_rounds(20);  // 12 KB, read twice, written in part
        co_await rest(10'000);
        EXPECT_FALSE(log_->cleaned_to());
        CleanerConfig faster = config_.cleaner;
        faster.bytes_per_second = 1'000'000;
        co_await directory_->set_cleaner(faster);
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, IsOffWhenItIsDisabledOrTheTopicDoesNotWantIt) {
    const auto story = [this]() -> Task<> {
        topic_.cleanup_by_compaction = false;
        co_await create_compacted();
        co_await put_rounds(10);
        co_await rest(5'000);
        EXPECT_FALSE(log_->cleaned_to());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
    const auto next = [this]() -> Task<> {
        config_.cleaner.enabled = false;
        topic_.cleanup_by_compaction = true;
        EXPECT_TRUE(co_await open_compacted());
        co_await rest(5'000);
        EXPECT_FALSE(log_->cleaned_to());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(next());
}

TEST_F(LogCleanerTest, DeletionGoesOnBesideCompaction) {
    const auto story = [this]() -> Task<> {
        topic_.cleanup_by_deletion = true;
        topic_.retention_ms = 5'000;
        co_await create_compacted();
        next_ = world_->wall_clock_ms();
        co_await put_rounds(12);
        co_await rest(4'000);
        next_ = world_->wall_clock_ms();
        co_await put_rounds(2);
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_TRUE(co_await log_->drop_old(world_->wall_clock_ms()));
        EXPECT_EQ(co_await offsets(), of(9, 10, 11, 12, 13));
        co_await rest(2'000);
        // What was emptied is as old as it was.
        EXPECT_TRUE(co_await log_->drop_old(world_->wall_clock_ms()));
        EXPECT_EQ(log_->log_start_offset(), Offset{12});
        EXPECT_EQ(co_await offsets(), of(12, 13));
        co_await put_rounds(7);
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, ANewLogOfTheSameNameIsDirty) {
    const auto story = [this]() -> Task<> {
        co_await create_compacted();
        co_await put_rounds(14);
        EXPECT_TRUE(co_await wait_until_clean());
        const std::vector<TopicPartition> names(1, kName);
        auto removed = co_await directory_->remove(names);
        EXPECT_TRUE(removed);
        log_ = nullptr;
        co_await directory_->discard(std::move(*removed));
        EXPECT_EQ(checkpoint_file(), "0\n1\nt 0 12\n");
        const auto place = co_await directory_->create(kName, {});
        EXPECT_TRUE(place);
        EXPECT_EQ(checkpoint_file(), "0\n0\n");
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

TEST_F(LogCleanerTest, ADeletedStartInsideWhatIsCleanedStays) {
    const auto story = [this]() -> Task<> {
        config_.cleaner.enabled = false;
        co_await create_compacted();
        co_await put_rounds(14);
        EXPECT_TRUE(co_await log_->advance_log_start(Offset{4}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
    config_.cleaner.enabled = true;
    for (int life = 0; life < 3; ++life) {
        const auto next = [this, life]() -> Task<> {
            EXPECT_TRUE(co_await open_compacted());
            EXPECT_TRUE(co_await wait_until_clean());
            EXPECT_EQ(log_->log_start_offset(), Offset{4 + life});
            EXPECT_EQ(co_await offsets(), of(9, 10, 11, 12, 13));
            // The next start replays a journal that names the segment in which the log begins.
            EXPECT_TRUE(co_await log_->advance_log_start(Offset{5 + life}));
        };
        live(next());
        disk().lose_power();
    }
}

}  // namespace
}  // namespace millrace
