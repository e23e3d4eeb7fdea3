// Readers of a log while segments are exchanged under them: none misses a record that stays.
#include "tests/sim/on_compacted_log.hpp"

#include <set>
#include <string>
#include <vector>

namespace millrace {
namespace {

class ReadersRun : public OnCompactedLog {
public:
    explicit ReadersRun(std::uint64_t seed) : OnCompactedLog(seed), prng_(seed) {
        topic_.segment_bytes = static_cast<std::int32_t>(prng_.between(5'000, 9'000));
        topic_.delete_retention_ms = 1'000'000'000'000;
        topic_.index_interval_bytes = static_cast<std::int32_t>(prng_.between(1, 2'000));
        topic_.file_delete_delay_ms = static_cast<std::int64_t>(prng_.below(5));
        config_.cleaner.backoff = std::chrono::milliseconds(1);
        config_.cache_bytes = 64 << 10;
    }
    void TestBody() override {}

    void run() { live(story()); }

private:
    /// What a reader has got: where it wanted to begin, and the first batch.
    struct Seen {
        std::int64_t from{};
        std::int64_t first{};
        std::int64_t last{};
    };

    Task<> story() {
        co_await create_compacted();
        for (int i = 0; i < 6; ++i) spawn(*world_, read());
        for (int i = 0; i < 120; ++i) {
            EXPECT_TRUE(co_await put_some(prng_, 40));
            const auto pause = static_cast<std::int64_t>(prng_.below(4));
            co_await sleep_for(*world_, std::chrono::milliseconds(pause));
        }
        EXPECT_TRUE(co_await wait_until_clean());
        stopping_ = true;
        while (readers_ > 0) co_await sleep_for(*world_, std::chrono::milliseconds(1));
        co_await expect_survivors(false);
        co_await expect_all_seen();
        EXPECT_TRUE(co_await directory_->close());
    }

    Task<> read() {
        ++readers_;
        Prng prng(prng_.next());
        while (!stopping_) {
            co_await sleep_for(*world_, std::chrono::microseconds(prng.below(40)));
            const auto end = static_cast<std::uint64_t>(log_->durable_end().value);
            if (end == 0) continue;
            const Offset from{static_cast<std::int64_t>(prng.below(end))};
            const auto parts = co_await log_->read(from, 1, true, ReadInto::kMemory);
            EXPECT_TRUE(parts);
            if (!parts || parts->empty()) {
                seen_.push_back({from.value, static_cast<std::int64_t>(end), -1});
                continue;
            }
            Bytes bytes(size_of(*parts));
            copy_out(*parts, 0, bytes);
            const RecordBatchView batch(bytes);
            seen_.push_back({from.value, batch.base_offset().value, batch.last_offset().value});
        }
        --readers_;
    }

    /// A record that is there at the end was there all the time.
    Task<> expect_all_seen() {
        const Bytes bytes = co_await read_everything();
        std::set<std::int64_t> left;
        for (const LoggedRecord& each : records_in(bytes)) left.insert(each.offset);
        for (const Seen& each : seen_) {
            const auto next = left.lower_bound(each.from);
            if (next == left.end()) continue;
            EXPECT_LE(each.first, *next) << "read from " << each.from;
            EXPECT_TRUE(each.last < 0 || each.last >= each.from) << "read from " << each.from;
        }
        EXPECT_GT(seen_.size(), 100u);
    }

    Prng prng_;
    bool stopping_{};
    int readers_{};
    std::vector<Seen> seen_;
};

TEST(CleanerReaders, MissNothingThatStays) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        ReadersRun(seed).run();
        if (testing::Test::HasFailure()) break;
    }
}

}  // namespace
}  // namespace millrace
