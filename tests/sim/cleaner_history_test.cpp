// Random histories of a compacted log: appends, cleanings, stops, kills and power losses in any
// order, against a model that knows every record that was ever written.
#include "tests/sim/on_compacted_log.hpp"

#include <string>

namespace millrace {
namespace {

class HistoryRun : public OnCompactedLog {
public:
    explicit HistoryRun(std::uint64_t seed) : OnCompactedLog(seed), prng_(seed) {
        topic_.segment_bytes = static_cast<std::int32_t>(prng_.between(800, 6'000));
        tombstones_go_ = prng_.below(2) == 0;
        topic_.delete_retention_ms = tombstones_go_ ? 100 : 1'000'000'000'000;
        topic_.index_interval_bytes = static_cast<std::int32_t>(prng_.between(1, 1'000));
        if (prng_.below(3) == 0) config_.cleaner.dedupe_bytes = 24 * 8;
        if (prng_.below(2) == 0) config_.durability = Durability::kOs;
        keys_ = prng_.between(1, 60);
    }
    void TestBody() override {}

    void run() {
        for (int life = 0; life < 6; ++life) {
            const bool stops = prng_.below(2) == 0;
            live(life_of(life == 0, stops));
            // With `os` power takes what was acknowledged.
            const bool is_flushed = config_.durability == Durability::kFlush;
            if (!stops && is_flushed && prng_.below(2) == 0) disk().lose_power();
            if (testing::Test::HasFailure()) return;
        }
        live(last_life());
    }

private:
    Task<> life_of(bool first, bool stops) {
        if (first) co_await create_compacted();
        if (!first) {
            EXPECT_TRUE(co_await open_compacted());
        }
        if (log_ == nullptr) co_return;
        co_await expect_survivors(tombstones_go_, false);
        const std::uint64_t steps = prng_.between(1, 40);
        for (std::uint64_t i = 0; i < steps; ++i) {
            EXPECT_TRUE(co_await put_some(prng_, keys_));
            if (prng_.below(4) != 0) continue;
            const auto pause = static_cast<std::int64_t>(prng_.between(1, 800));
            co_await sleep_for(*world_, std::chrono::milliseconds(pause));
        }
        co_await expect_survivors(tombstones_go_, false);
        if (!stops) co_return;
        EXPECT_TRUE(co_await directory_->close());
    }

    Task<> last_life() {
        EXPECT_TRUE(co_await open_compacted());
        if (log_ == nullptr) co_return;
        EXPECT_TRUE(co_await wait_until_clean());
        co_await expect_survivors(tombstones_go_);
        EXPECT_TRUE(co_await directory_->close());
    }

    Prng prng_;
    std::uint64_t keys_{};
    bool tombstones_go_{};
};

TEST(CleanerHistory, LeavesWhatItsModelLeaves) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        HistoryRun(seed).run();
        if (testing::Test::HasFailure()) break;
    }
}

}  // namespace
}  // namespace millrace
