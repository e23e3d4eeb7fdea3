// A compacted log under its cleaner when there is trouble: a disk without room, and a damaged
// journal.
#include "core/storage/losses.hpp"
#include "tests/sim/on_compacted_log.hpp"
#include "tests/sim/rot.hpp"

namespace millrace {
namespace {

class CleanerTroubleTest : public OnCompactedLog {
protected:
    explicit CleanerTroubleTest(std::uint64_t seed = 1) : OnCompactedLog(seed) {}

    Task<> put_many(int batches) {
        for (int i = 0; i < batches; ++i) EXPECT_TRUE(co_await put_some(prng_, 20));
    }

    /// Of each key the offset of its last record below `end`.
    std::map<std::string, std::int64_t> newest_below(Offset end) const {
        std::map<std::string, std::int64_t> newest;
        for (const LoggedRecord& each : all_) {
            if (each.offset < end.value) newest[*each.key] = each.offset;
        }
        return newest;
    }

    Prng prng_{3};
};

TEST_F(CleanerTroubleTest, OnAFullDiskNothingIsCleanedUntilThereIsRoom) {
    const auto story = [this]() -> Task<> {
        topic_.cleanup_by_compaction = false;
        co_await create_compacted();
        co_await put_many(40);
        const Bytes before = co_await read_everything();
        EXPECT_TRUE(co_await directory_->checkpoint());
        disk().capacity = disk().used();
        topic_.cleanup_by_compaction = true;
        log_->set_config(topic_);
        co_await sleep_for(*world_, std::chrono::seconds(5));
        EXPECT_TRUE(lines_.contain("no room to clean a compacted log"));
        EXPECT_FALSE(log_->cleaned_to());
        EXPECT_FALSE(log_->failed());
        EXPECT_EQ(files_with(".cleaned"), 0u);
        EXPECT_EQ(co_await read_everything(), before);
        disk().capacity = sim::SimDisk::kCapacity;
        co_await sleep_for(*world_, std::chrono::seconds(2));
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

class DamagedCompactedLogTest : public CleanerTroubleTest,
                                public testing::WithParamInterface<std::uint64_t> {
protected:
    DamagedCompactedLogTest() : CleanerTroubleTest(GetParam()) { prng_ = Prng(GetParam()); }

    /// Dies between two cleanings, with records in the journal.
    Task<> live_and_die() {
        co_await create_compacted();
        co_await put_many(40);
        EXPECT_TRUE(co_await wait_until_clean());
        cleaned_ = *log_->cleaned_to();
        co_await put_many(static_cast<int>(prng_.between(1, 30)));
    }

    Task<> accept_loss() {
        auto report = co_await LogDirectory::accept_loss(*world_, *logger_, kFolder, config_);
        EXPECT_TRUE(report);
        if (report) report_ = std::move(*report);
    }

    Offset cleaned_;
    LossReport report_;
};

TEST_P(DamagedCompactedLogTest, OffsetsThatACleanerLeftOutAreNoLoss) {
    live(live_and_die());
    disk().lose_power();
    live(accept_loss());
    EXPECT_TRUE(report_.empty());
    const auto next = [this]() -> Task<> {
        EXPECT_TRUE(co_await open_compacted());
        co_await expect_survivors(false, false);
        co_await put_many(20);
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(next());
}

TEST_P(DamagedCompactedLogTest, WhatWasCleanedOutlivesARottenJournal) {
    live(live_and_die());
    disk().lose_power();
    sim::rot_some_frame(disk(), kFolder, prng_);
    live(accept_loss());
    const auto next = [this]() -> Task<> {
        EXPECT_TRUE(co_await open_compacted());
        EXPECT_GE(log_->log_end_offset(), cleaned_);
        const Bytes bytes = co_await read_everything();
        std::map<std::int64_t, LoggedRecord> there;
        for (LoggedRecord& each : records_in(bytes)) there[each.offset] = std::move(each);
        const std::int64_t end = log_->log_end_offset().value;
        for (const auto& [key, offset] : newest_below(cleaned_)) {
            // A cleaning between then and the death may have dropped it for a newer one.
            const bool is_there = there.contains(offset) || newest_below(Offset{end})[key] > offset;
            EXPECT_TRUE(is_there) << key << " at " << offset;
        }
        std::erase_if(all_, [end](const LoggedRecord& each) { return each.offset >= end; });
        co_await put_many(20);
        EXPECT_TRUE(co_await wait_until_clean());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(next());
}

INSTANTIATE_TEST_SUITE_P(Seeds, DamagedCompactedLogTest, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace millrace
