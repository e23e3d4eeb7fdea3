// A budget whose holders grow: who waits, and that nobody waits for ever.
#include "core/runtime/semaphore.hpp"

#include "core/runtime/gate.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

class SemaphoreTest : public OnRing {
protected:
    Semaphore budget_{*world_, 100};
    std::string order_;
};

/// Takes in two steps, with a letter before and behind the second; holds what it has for a while.
Task<> take_twice(World& world, Semaphore& budget, std::string& order, char name) {
    Semaphore::Share share(budget);
    EXPECT_TRUE(co_await share.take(50));
    co_await sleep_for(world, std::chrono::milliseconds(2));
    order += name;
    EXPECT_TRUE(co_await share.take(50));
    EXPECT_LE(budget.taken(), 150);
    co_await sleep_for(world, std::chrono::milliseconds(2));
    order += static_cast<char>(name - 'a' + 'A');
}

Task<> take_once(Semaphore& budget, std::string& order, char name) {
    Semaphore::Share share(budget);
    EXPECT_TRUE(co_await share.take(10));
    order += name;
}

TEST_F(SemaphoreTest, HoldersThatFillItTogetherGrowOneAfterTheOther) {
    const auto scenario = [this]() -> Task<> {
        Gate gate(*world_);
        gate.spawn(take_twice(*world_, budget_, order_, 'a'));
        gate.spawn(take_twice(*world_, budget_, order_, 'b'));
        gate.spawn(take_once(budget_, order_, 'n'));
        co_await gate.close();
    };
    run(scenario());
    EXPECT_EQ(order_, "abABn");
    EXPECT_EQ(budget_.taken(), 0);
}

TEST_F(SemaphoreTest, NewHoldersComeInTheOrderOfTheirArrival) {
    const auto scenario = [this]() -> Task<> {
        Gate gate(*world_);
        Semaphore::Share all(budget_);
        EXPECT_TRUE(co_await all.take(100));
        for (const char name : {'x', 'y', 'z'}) gate.spawn(take_once(budget_, order_, name));
        co_await sleep_for(*world_, std::chrono::milliseconds(2));
        EXPECT_EQ(order_, "");
        all = Semaphore::Share();
        co_await gate.close();
    };
    run(scenario());
    EXPECT_EQ(order_, "xyz");
}

TEST_F(SemaphoreTest, WhoWaitsWhenItStopsIsTold) {
    const auto refused = [](Semaphore& budget) -> Task<> {
        Semaphore::Share share(budget);
        const auto taken = co_await share.take(1);
        EXPECT_EQ(taken.error(), make_error_code(Errc::kStopping));
    };
    const auto scenario = [this, refused]() -> Task<> {
        Gate gate(*world_);
        Semaphore::Share all(budget_);
        EXPECT_TRUE(co_await all.take(100));
        gate.spawn(refused(budget_));
        co_await sleep_for(*world_, std::chrono::milliseconds(2));
        budget_.stop();
        co_await gate.close();
    };
    run(scenario());
}

}  // namespace
}  // namespace millrace
