// Shards on threads of their own: calls between them, sleepers that are woken, with and without
// entries in a peer's ring.
#include "uring/shard_threads.hpp"

#include "core/runtime/gate.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/on_real_world.hpp"

#include <ctime>
#include <vector>

namespace millrace {
namespace {

class ShardThreadsTest : public testing::TestWithParam<RingFeature> {
protected:
    static constexpr ShardNumber kShards = 3;

    ShardThreadsTest() {
        ShardThreadsOptions options;
        options.count = kShards;
        options.allowed.remove(GetParam());
        threads_ = ShardThreads::open(options).value();
    }

    void run(Task<> task) { run_to_end(threads_->first(), std::move(task)); }

    std::unique_ptr<ShardThreads> threads_;
};

/// Counted on its own shard only, so that a race would show.
struct Counter {
    std::int64_t value{};
};

Task<> visit_often(World& home, ShardNumber target, Counter& counter, int times) {
    for (int i = 0; i < times; ++i) {
        const auto add = [&counter] { return ++counter.value; };
        ShardCall call(home, target, add);
        const std::int64_t now = co_await call.run();
        EXPECT_GT(now, i);
    }
}

Task<> visit_everybody(World& here, std::vector<Counter>& counters, int times) {
    Gate gate(here);
    for (ShardNumber target = 0; target < here.shard_count(); ++target) {
        for (int i = 0; i < 4; ++i) gate.spawn(visit_often(here, target, counters[target], times));
    }
    co_await gate.close();
}

TEST_P(ShardThreadsTest, EveryShardCallsEveryOther) {
    constexpr int kTimes = 300;
    std::vector<Counter> counters(kShards);
    const auto scenario = [](World& home, std::vector<Counter>& all) -> Task<> {
        const auto from = [&](ShardNumber shard) {
            return [&home, &all, shard] { return visit_everybody(home.peer(shard), all, kTimes); };
        };
        ShardCall first(home, 1, from(1));
        ShardCall second(home, 2, from(2));
        first.start();
        second.start();
        co_await visit_everybody(home, all, kTimes);
        co_await first.come_home();
        co_await second.come_home();
    };
    run(scenario(threads_->first(), counters));
    for (const Counter& each : counters) EXPECT_EQ(each.value, kTimes * 4 * kShards);
}

TEST_P(ShardThreadsTest, SleepersAreWokenEachTime) {
    const auto scenario = [](World& home) -> Task<> {
        for (int i = 0; i < 50; ++i) {
            co_await sleep_for(home, std::chrono::milliseconds(2));
            const auto where = [&home] { return home.peer(1).shard(); };
            ShardCall call(home, 1, where);
            EXPECT_EQ(co_await call.run(), 1u);
        }
    };
    run(scenario(threads_->first()));
}

TEST_P(ShardThreadsTest, TimersOfAnotherShardGoOff) {
    const auto nap = [](World& there) -> Task<Time> {
        co_await sleep_for(there, std::chrono::milliseconds(10));
        co_return there.now();
    };
    const auto scenario = [nap](World& home) -> Task<> {
        const Time before = home.now();
        const auto visit = [&home, &nap] { return nap(home.peer(2)); };
        ShardCall call(home, 2, visit);
        const Time after = co_await call.run();
        EXPECT_GE(after - before, std::chrono::milliseconds(10));
    };
    run(scenario(threads_->first()));
}

TEST_P(ShardThreadsTest, IdleShardsCostNoProcessorTime) {
    const auto used = [] {
        timespec time{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    };
    std::int64_t before = 0;
    std::int64_t after = 0;
    const auto scenario = [&](World& home) -> Task<> {
        co_await sleep_for(home, std::chrono::milliseconds(50));
        before = used();
        co_await sleep_for(home, std::chrono::milliseconds(500));
        after = used();
    };
    run(scenario(threads_->first()));
    // A loop that spins would use all of it, on each of three shards.
    EXPECT_LT(after - before, 250'000'000);
}

INSTANTIATE_TEST_SUITE_P(Without, ShardThreadsTest,
                         testing::Values(RingFeature::kNoIowait, RingFeature::kMsgRing,
                                         RingFeature::kDeferTaskrun),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST(ShardThreadsPinned, RunOnAProcessorEach) {
    ShardThreadsOptions options;
    options.count = available_processors();
    options.pin = true;
    const auto threads = ShardThreads::open(options);
    EXPECT_TRUE(threads);
}

}  // namespace
}  // namespace millrace
