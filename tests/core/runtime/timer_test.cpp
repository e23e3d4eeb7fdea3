#include "core/runtime/timer.hpp"

#include "tests/core/runtime/fake_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace {
namespace {

/// Writes its letter when it fires.
struct Lettered : Timer {
    Lettered(char name, std::string& where) : Timer(&Lettered::fire), letter(name), log(where) {}
    static void fire(Timer& timer) {
        auto& self = static_cast<Lettered&>(timer);
        self.log += self.letter;
    }
    char letter;
    std::string& log;
};

TEST(TimerQueue, FiresByDeadlineAndThenByArming) {
    TimerQueue queue;
    std::string log;
    Lettered a('a', log);
    Lettered b('b', log);
    Lettered c('c', log);
    queue.arm(a, Time(20));
    queue.arm(b, Time(10));
    queue.arm(c, Time(20));
    EXPECT_EQ(queue.next_deadline(), Time(10));
    queue.fire_until(Time(9));
    EXPECT_EQ(log, "");
    queue.fire_until(Time(20));
    EXPECT_EQ(log, "bac");
    EXPECT_FALSE(queue.next_deadline());
}

TEST(TimerQueue, ADisarmedOrDeadTimerDoesNotFire) {
    TimerQueue queue;
    std::string log;
    Lettered kept('k', log);
    Lettered never('n', log);
    {
        Lettered gone('g', log);
        queue.arm(gone, Time(1));
    }
    Lettered off('o', log);
    queue.arm(off, Time(1));
    queue.disarm(off);
    queue.arm(never, kNever);
    EXPECT_FALSE(never.armed());
    queue.arm(kept, Time(2));
    queue.fire_until(Time(5));
    EXPECT_EQ(log, "k");
}

Task<> hop(World& world) {
    World* const there = &world;
    (void)co_await park([there](Parked& parked) { parked.resume(*there, {}); });
}

Task<> note_end_of_turn(World& world, std::string& log) {
    log += '(';
    (void)co_await end_of_turn(world);
    log += ')';
}

Task<> note_hops(World& world, std::string& log) {
    for (const char letter : {'a', 'b', 'c'}) {
        log += letter;
        co_await hop(world);
    }
}

TEST(EndOfTurn, ComesWhenNothingElseIsReady) {
    FakeWorld world;
    std::string log;
    spawn(world, note_end_of_turn(world, log));
    spawn(world, note_hops(world, log));
    spawn(world, note_end_of_turn(world, log));
    world.run();
    EXPECT_EQ(log, "(a(bc))");
}

TEST(EndOfTurn, AWorldThatEndsBeforeTakesItAlong) {
    std::string log;
    {
        FakeWorld world;
        spawn(world, note_end_of_turn(world, log));
    }
    EXPECT_EQ(log.find(')'), std::string::npos);
}

TEST(Sleep, EndsAtItsDeadlineAndNotBefore) {
    FakeWorld world;
    bool awake = false;
    const auto sleeper = [&]() -> Task<> {
        co_await sleep_for(world, Duration(100));
        awake = true;
    };
    spawn(world, sleeper());
    world.run();
    world.advance(Duration(99));
    EXPECT_FALSE(awake);
    world.advance(Duration(1));
    EXPECT_TRUE(awake);
}

}  // namespace
}  // namespace millrace
