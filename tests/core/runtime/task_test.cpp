#include "core/runtime/operation.hpp"
#include "tests/core/runtime/fake_world.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace millrace {
namespace {

TEST(Task, StartsInALaterStepAndKnowsItsWorld) {
    FakeWorld world;
    World* seen = nullptr;
    const auto task = [&]() -> Task<> { seen = co_await this_world(); };
    spawn(world, task());
    EXPECT_EQ(seen, nullptr);
    world.run();
    EXPECT_EQ(seen, &world);
}

TEST(Task, ARequestYieldsItsCountOrItsErrno) {
    FakeWorld world;
    std::string log;
    const auto task = [&]() -> Task<> {
        const auto read = co_await perform(world, {.kind = IoKind::kReadAt, .size = 7});
        log += std::to_string(read.value()) + " ";
        const auto failed = co_await perform(world, {.kind = IoKind::kSync});
        log += failed.error() == system_error(EIO) ? "EIO" : failed.error().message();
    };
    spawn(world, task());
    world.run();
    ASSERT_EQ(world.submitted.size(), 1u);
    EXPECT_EQ(world.submitted[0]->request.size, 7u);
    world.complete(7);
    EXPECT_EQ(log, "7 ");
    world.complete(-EIO);
    EXPECT_EQ(log, "7 EIO");
}

TEST(Task, ATaskRunsFromWaitToWaitWithoutGivingWay) {
    FakeWorld world;
    std::string log;
    const auto inner = [&](char letter) -> Task<int> {
        log += letter;
        co_return 1;
    };
    const auto outer = [&](char letter) -> Task<> {
        const int one = co_await inner(letter);
        const int two = co_await inner(letter);
        log += std::to_string(one + two);
    };
    spawn(world, outer('a'));
    spawn(world, outer('b'));
    world.run();
    EXPECT_EQ(log, "aa2bb2");
}

/// Counts itself, as a thing in a coroutine's frame.
struct Counted {
    explicit Counted(int& where) : alive(where) { ++alive; }
    ~Counted() { --alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    int& alive;
};

TEST(Task, AnEndingWorldDestroysWhateverStandsSomewhere) {
    int alive = 0;
    {
        FakeWorld world;
        Parked* kept = nullptr;
        Parked** const where = &kept;
        const auto parked = [&]() -> Task<> {
            const Counted counted(alive);
            (void)co_await park([where](Parked& self) { *where = &self; });
        };
        const auto in_flight = [&]() -> Task<> {
            const Counted counted(alive);
            (void)co_await perform(world, {.kind = IoKind::kSync});
        };
        spawn(world, parked());
        spawn(world, in_flight());
        world.run();
        spawn(world, parked());  // ready, and never run
        EXPECT_EQ(alive, 2);
        EXPECT_NE(kept, nullptr);
    }
    EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace millrace
