// Wait lists, and what is built on them: gates and budgets.
#include "core/runtime/gate.hpp"
#include "core/runtime/semaphore.hpp"
#include "tests/core/runtime/fake_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace {
namespace {

class Waiting : public testing::Test {
protected:
    FakeWorld world_;
    std::string log_;

    Task<> wait(WaitList& list, std::int64_t key, Time deadline, char letter) {
        const auto woken = co_await list.wait(key, deadline);
        log_ += letter;
        if (woken) co_return;
        log_ += woken.error() == Errc::kTimedOut ? "(late)" : "(" + woken.error().message() + ")";
    }

    /// Holds what it takes until hold_ is woken through its letter.
    Task<> take(Semaphore& budget, std::int64_t count, char letter) {
        Semaphore::Share share(budget);
        const auto taken = co_await share.take(count);
        log_ += taken ? letter : '!';
        if (taken) (void)co_await hold_.wait(letter, kNever);
    }

    WaitList hold_{world_};
};

TEST_F(Waiting, WakesEverybodyUpToAKeyInItsOrder) {
    WaitList list(world_);
    spawn(world_, wait(list, 3, kNever, 'c'));
    spawn(world_, wait(list, 1, kNever, 'a'));
    spawn(world_, wait(list, 2, kNever, 'b'));
    spawn(world_, wait(list, 2, kNever, 'B'));
    world_.run();
    list.wake_through(0);
    world_.run();
    EXPECT_EQ(log_, "");
    list.wake_through(2);
    EXPECT_EQ(log_, "") << "never inside the caller";
    world_.run();
    EXPECT_EQ(log_, "abB");
    EXPECT_FALSE(list.empty());
    list.wake_through(3);
    world_.run();
    EXPECT_EQ(log_, "abBc");
    EXPECT_TRUE(list.empty());
}

TEST_F(Waiting, ADeadlineEndsOneWaitAndAWakeDisarmsIt) {
    WaitList list(world_);
    spawn(world_, wait(list, 1, world_.now() + Duration(10), 'a'));
    spawn(world_, wait(list, 1, world_.now() + Duration(20), 'b'));
    world_.run();
    world_.advance(Duration(10));
    EXPECT_EQ(log_, "a(late)");
    list.wake_through(1);
    world_.advance(Duration(100));
    EXPECT_EQ(log_, "a(late)b");
    EXPECT_FALSE(world_.timers().next_deadline());
}

TEST_F(Waiting, FailureAndTheListsEndReachEverybody) {
    {
        WaitList list(world_);
        spawn(world_, wait(list, 1, kNever, 'a'));
        world_.run();
        list.fail_all(Errc::kStorageFailed);
        world_.run();
        EXPECT_EQ(log_, "a(storage failed)");
        spawn(world_, wait(list, 1, kNever, 'b'));
        world_.run();
    }
    world_.run();
    EXPECT_EQ(log_, "a(storage failed)b(" + make_error_code(Errc::kStopping).message() + ")");
}

TEST_F(Waiting, AGateClosesWhenTheLastOneHasLeft) {
    Gate gate(world_);
    WaitList list(world_);
    gate.spawn(wait(list, 1, kNever, 'a'));
    gate.spawn(wait(list, 2, kNever, 'b'));
    const auto closer = [&]() -> Task<> {
        co_await gate.close();
        log_ += "closed";
    };
    spawn(world_, closer());
    world_.run();
    EXPECT_TRUE(gate.closed());
    list.wake_through(1);
    world_.run();
    EXPECT_EQ(log_, "a");
    list.wake_through(2);
    world_.run();
    EXPECT_EQ(log_, "abclosed");
}

TEST_F(Waiting, AnEmptyGateClosesAtOnce) {
    Gate gate(world_);
    spawn(world_, gate.close());
    world_.run();
    EXPECT_TRUE(gate.closed());
}

TEST_F(Waiting, MoreThanTheWholeBudgetWaitsUntilNothingIsTaken) {
    Semaphore budget(world_, 10);
    spawn(world_, take(budget, 1, 'a'));
    spawn(world_, take(budget, 50, 'b'));
    world_.run();
    EXPECT_EQ(log_, "a");
    hold_.wake_through('a');
    world_.run();
    EXPECT_EQ(log_, "ab");
    EXPECT_EQ(budget.taken(), 50);
    hold_.wake_through('b');
    world_.run();
    EXPECT_EQ(budget.taken(), 0);
}

TEST_F(Waiting, AnEndingWorldLeavesNoWaiterInAList) {
    WaitList list(world_);
    Semaphore budget(world_, 1);
    spawn(world_, wait(list, 1, world_.now() + Duration(10), 'a'));
    spawn(world_, take(budget, 1, 'b'));
    spawn(world_, take(budget, 1, 'c'));
    world_.run();
    world_.end();
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(log_, "b");
}

}  // namespace
}  // namespace millrace
