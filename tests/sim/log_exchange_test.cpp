// Kills and power losses at every moment of a cleaning: nothing that was acknowledged is lost, no
// file is left half exchanged, and the next cleaner goes on.
#include "core/storage/cleaned_segment.hpp"
#include "tests/sim/on_compacted_log.hpp"

#include <fmt/format.h>

#include <string>

namespace millrace {
namespace {

/// How a life ends, and what happens in it beside the cleaner.
struct Ending {
    bool loses_power{};
    bool moves_start{};
};

/// One run: a log is written and cleaned up to some step of the simulation, and what is left is
/// looked at.
class CleanedRun : public OnCompactedLog {
public:
    CleanedRun(const Ending& ending, std::uint64_t seed) : OnCompactedLog(seed), ending_(ending) {}
    void TestBody() override {}

    /// The steps at which the first cleaning is about to begin, and at which it has ended.
    std::pair<std::uint64_t, std::uint64_t> measure() {
        std::pair<std::uint64_t, std::uint64_t> steps;
        live_until(write_and_clean(steps), [&steps] { return steps.second != 0; });
        return steps;
    }

    void die_at(std::uint64_t step) {
        std::pair<std::uint64_t, std::uint64_t> steps;
        live_until(write_and_clean(steps), [this, step] { return simulation_.steps() >= step; });
        if (ending_.loses_power) disk().lose_power();
        live(look_and_go_on());
        live(look_again());
    }

private:
    void live_until(Task<> story, const std::function<bool()>& done) {
        world_ = &simulation_.start_process();
        logger_ = std::make_unique<Logger>(*world_, lines_, LogFormat::kText);
        spawn(*world_, std::move(story));
        EXPECT_TRUE(simulation_.run_until(done));
        simulation_.kill(*world_);
    }

    Task<> write_and_clean(std::pair<std::uint64_t, std::uint64_t>& steps) {
        co_await create_compacted();
        // It goes with the process.
        const auto directory = std::move(directory_);
        Prng prng(3);
        topic_.cleanup_by_compaction = false;
        topic_.segment_bytes = 1'300;
        log_->set_config(topic_);
        for (int i = 0; i < 60; ++i) EXPECT_TRUE(co_await put_some(prng, 200));
        // Several segments become one.
        clean_several();
        log_->set_config(topic_);
        if (ending_.moves_start) spawn(*world_, move_start());
        steps.first = simulation_.steps();
        EXPECT_TRUE(co_await wait_until_clean());
        co_await sleep_for(*world_, std::chrono::seconds(3));
        steps.second = simulation_.steps();
        co_await sleep_for(*world_, std::chrono::hours(1));
    }

    void clean_several() {
        topic_.cleanup_by_compaction = true;
        topic_.segment_bytes = 4'000;
    }

    /// Into a segment that is about to be one with the one before.
    Task<> move_start() {
        while (files_with(".cleaned") == 0) {
            co_await sleep_for(*world_, std::chrono::microseconds(100));
        }
        const Offset start = log_->segment_starts().at(1).first + 1;
        const auto moved = co_await log_->advance_log_start(start);
        EXPECT_TRUE(moved);
        start_ = start;
    }

    Task<> look_and_go_on() {
        clean_several();
        EXPECT_TRUE(co_await open_compacted());
        EXPECT_GE(log_->log_start_offset(), start_);
        EXPECT_EQ(files_with(".cleaned"), 0u);
        EXPECT_EQ(files_with(".swap"), 0u);
        co_await expect_survivors(false, false);
        Prng prng(4);
        for (int i = 0; i < 10; ++i) EXPECT_TRUE(co_await put_some(prng, 200));
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    }

    Task<> look_again() {
        EXPECT_TRUE(co_await open_compacted());
        EXPECT_GE(log_->log_start_offset(), start_);
        co_await expect_survivors(false);
        EXPECT_TRUE(co_await directory_->close());
    }

    const Ending ending_;
    Offset start_;  // that the log is known to begin at
};

class LogExchange : public testing::TestWithParam<Ending> {};

TEST_P(LogExchange, AtEveryMomentLeavesALogThatIsWhole) {
    // What a power loss takes is the seed's.
    constexpr std::uint64_t kSeeds = 4;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const auto [begin, end] = CleanedRun(GetParam(), seed).measure();
        ASSERT_LT(begin, end);
        for (std::uint64_t step = begin + seed % 4; step <= end; step += 4) {
            SCOPED_TRACE(fmt::format("seed {}, killed at step {}", seed, step));
            CleanedRun(GetParam(), seed).die_at(step);
            if (testing::Test::HasFailure()) return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(After, LogExchange,
                         testing::Values(Ending{false, false}, Ending{true, false},
                                         Ending{false, true}, Ending{true, true}),
                         [](const testing::TestParamInfo<Ending>& each) {
                             return std::string(each.param.loses_power ? "PowerLoss" : "Kill") +
                                    (each.param.moves_start ? "BesideAMovedStart" : "");
                         });

/// Segments of three batches of a record each, exchanged by hand.
class ExchangedByHand : public OnCompactedLog {
protected:
    /// One of which only `offsets` stay takes the place of the segments at `bases`.
    Task<> exchange(std::vector<Offset> bases, std::vector<std::int64_t> offsets) {
        CleanedSegment into(*world_, log_->folder(), bases.front(), 4096);
        EXPECT_TRUE(co_await into.open());
        for (const std::int64_t offset : offsets) {
            const std::size_t begin = static_cast<std::size_t>(offset) * batch_bytes_;
            EXPECT_TRUE(co_await into.append(ByteView(whole_).subspan(begin, batch_bytes_)));
        }
        EXPECT_TRUE(co_await into.finish());
        EXPECT_TRUE(co_await log_->exchange(std::move(bases)));
        ++exchanged_;
    }

    /// Reads from `from` until something is exchanged: what is found first lies below `end`.
    Task<> read(Offset from, Offset end) {
        const auto parts = co_await log_->read(from, 1, true, ReadInto::kMemory);
        EXPECT_TRUE(parts && !parts->empty());
        if (!parts || parts->empty()) co_return;
        Bytes bytes(size_of(*parts));
        copy_out(*parts, 0, bytes);
        EXPECT_GE(RecordBatchView(bytes).last_offset(), from);
        EXPECT_LT(RecordBatchView(bytes).base_offset(), end);
        ++reads_;
    }

    Task<> find(TimestampMs time, Offset end) {
        const auto batch = co_await log_->find_batch_by_time(time, Offset{1});
        EXPECT_TRUE(batch && *batch);
        if (!batch || !*batch) co_return;
        EXPECT_LT(RecordBatchView((*batch)->bytes).base_offset(), end);
        ++reads_;
    }

    Bytes whole_;
    std::size_t batch_bytes_{};
    int exchanged_{};
    int reads_{};
};

TEST_F(ExchangedByHand, WhoWalksOffAnOldSegmentGoesOnInTheNewOne) {
    const auto story = [this]() -> Task<> {
        config_.cleaner.enabled = false;
        // More than a block each, so that a read waits for the disk.
        topic_.segment_bytes = 17'000;
        co_await create_compacted();
        for (int i = 0; i < 11; ++i) {
            std::vector<KeyedRecord> records{{"k", std::string(5'000, 'v'), next_++}};
            EXPECT_TRUE(co_await put(std::move(records)));
        }
        EXPECT_TRUE(co_await directory_->checkpoint());
        whole_ = co_await read_everything();
        batch_bytes_ = whole_.size() / 11;
        const std::vector<Offset> first(1, Offset{0});
        const std::vector<std::int64_t> front(1, 0);
        co_await exchange(first, front);
        // From here on nothing is found in the first segment.
        std::vector<Offset> both(1, Offset{0});
        both.push_back(Offset{3});
        std::vector<std::int64_t> left(1, 0);
        left.push_back(4);
        spawn(*world_, exchange(both, left));
        int begun = 0;
        for (; exchanged_ < 2 || begun < 10; begun += 2) {
            spawn(*world_, read(Offset{1}, Offset{5}));
            spawn(*world_, find(1'000, Offset{5}));
            co_await sleep_for(*world_, std::chrono::microseconds(7));
        }
        co_await sleep_for(*world_, std::chrono::seconds(1));
        EXPECT_EQ(reads_, begun);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(story());
}

/// What a Java broker leaves when it is killed between two of its renames.
class LeftByJava : public OnCompactedLog {
protected:
    std::string path(std::int64_t base, std::string_view suffix) const {
        return kFolder + "/t-0/" + segment_file_name(Offset{base}, suffix);
    }

    /// A clean log of three segments, of which the first two could be cleaned into one.
    Task<> write() {
        config_.cleaner.enabled = false;
        co_await create_compacted();
        for (int i = 0; i < 8; ++i) {
            std::vector<KeyedRecord> records{{"k", std::string(500, 'v'), next_++}};
            EXPECT_TRUE(co_await put(std::move(records)));
        }
        EXPECT_TRUE(co_await directory_->close());
    }

    Task<> rename(std::string from, std::string to) {
        EXPECT_TRUE(co_await rename_file(*world_, from, to));
    }
    /// The cleaned files of the first segments: the batch at 5, and no entries.
    Task<> write_cleaned(std::string end) {
        const auto whole = disk().content(path(3, ".log"));
        const std::size_t each = whole.size() / 3;
        const Bytes last(whole.begin() + static_cast<std::ptrdiff_t>(2 * each), whole.end());
        const std::string content(as_text(last));
        EXPECT_TRUE(co_await replace_file(*world_, path(0, ".log") + end, content));
        EXPECT_TRUE(co_await replace_file(*world_, path(0, ".index") + end, ""));
        EXPECT_TRUE(co_await replace_file(*world_, path(0, ".timeindex") + end, ""));
    }

    Task<> expect_offsets(std::vector<std::int64_t> expected) {
        EXPECT_TRUE(co_await open_compacted());
        const Bytes bytes = co_await read_everything();
        std::vector<std::int64_t> found;
        for (const LoggedRecord& each : records_in(bytes)) found.push_back(each.offset);
        EXPECT_EQ(found, expected);
        EXPECT_EQ(files_with(".cleaned"), 0u);
        EXPECT_EQ(files_with(".swap"), 0u);
        EXPECT_EQ(files_with(".deleted"), 0u);
        EXPECT_TRUE(co_await directory_->close());
    }
};

TEST_F(LeftByJava, CleanedFilesAreNothing) {
    live(write());
    live(write_cleaned(".cleaned"));
    live(expect_offsets({0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(LeftByJava, SwapFilesBesideACleanedOneAreNothing) {
    live(write());
    live(write_cleaned(".cleaned"));
    live(rename(path(0, ".log.cleaned"), path(0, ".log.swap")));
    live(expect_offsets({0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(LeftByJava, WholeSwapFilesTakeTheirPlace) {
    live(write());
    live(write_cleaned(".swap"));
    live(expect_offsets({5, 6, 7}));
    live(expect_offsets({5, 6, 7}));
}

TEST_F(LeftByJava, TheRestOfTheRenamesIsDone) {
    live(write());
    live(write_cleaned(".swap"));
    live(rename(path(0, ".log"), path(0, ".log.deleted")));
    live(rename(path(3, ".log"), path(3, ".log.deleted")));
    live(rename(path(3, ".index"), path(3, ".index.deleted")));
    live(rename(path(0, ".log.swap"), path(0, ".log")));
    live(expect_offsets({5, 6, 7}));
    EXPECT_EQ(files_with(".index"), 2u);
}

}  // namespace
}  // namespace millrace
