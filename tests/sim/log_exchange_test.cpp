// Kills and power losses at every moment of a cleaning: nothing that was acknowledged is lost, no
// file is left half exchanged, and the next cleaner goes on.
#include "tests/sim/on_compacted_log.hpp"

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
    explicit CleanedRun(const Ending& ending) : ending_(ending) {}
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
        log_->set_config(topic_);
        for (int i = 0; i < 40; ++i) EXPECT_TRUE(co_await put_some(prng, 12));
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
        topic_.segment_bytes = 7'000;
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
        for (int i = 0; i < 10; ++i) EXPECT_TRUE(co_await put_some(prng, 12));
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
    const auto [begin, end] = CleanedRun(GetParam()).measure();
    ASSERT_LT(begin, end);
    for (std::uint64_t step = begin; step <= end; ++step) {
        SCOPED_TRACE("killed at step " + std::to_string(step));
        CleanedRun(GetParam()).die_at(step);
        if (testing::Test::HasFailure()) break;
    }
}

INSTANTIATE_TEST_SUITE_P(After, LogExchange,
                         testing::Values(Ending{false, false}, Ending{true, false},
                                         Ending{false, true}, Ending{true, true}),
                         [](const testing::TestParamInfo<Ending>& each) {
                             return std::string(each.param.loses_power ? "PowerLoss" : "Kill") +
                                    (each.param.moves_start ? "BesideAMovedStart" : "");
                         });

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
