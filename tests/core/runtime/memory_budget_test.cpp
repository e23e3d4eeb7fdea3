// A budget that senders hold: what each may take, and that peers who stand still lose it.
#include "core/runtime/memory_budget.hpp"

#include "tests/core/runtime/fake_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace {
namespace {

constexpr std::size_t kCapacity = 6400;

/// Holds what it is given until it has to give up.
class Reader final : public MemoryBudget::Sender {
public:
    explicit Reader(Time moved) : moved_(moved) {}

    void hold(MemoryBudget::Hold hold) { hold_.emplace(std::move(hold)).sent_by(*this); }
    void end() {
        unlink();
        hold_.reset();
    }
    Time moved_at() const override { return moved_; }
    void give_up() override { ++asked; }

    int asked{};

private:
    Time moved_;
    std::optional<MemoryBudget::Hold> hold_;
};

class MemoryBudgetTest : public testing::Test {
protected:
    Task<> take(std::size_t wanted, Time deadline, std::optional<MemoryBudget::Hold>& into) {
        auto hold = co_await budget_.take(wanted, deadline);
        log_ += hold ? std::to_string(hold->size()) : hold.error().message();
        log_ += ";";
        if (hold) into.emplace(std::move(*hold));
    }

    std::optional<MemoryBudget::Hold> take_now(std::size_t wanted) {
        std::optional<MemoryBudget::Hold> hold;
        spawn(world_, take(wanted, world_.now(), hold));
        world_.run();
        return hold;
    }

    FakeWorld world_;
    MemoryBudget budget_{world_, kCapacity};
    std::string log_;
};

TEST_F(MemoryBudgetTest, EachMayTakeAnEighthOfWhatIsLeft) {
    std::vector<std::optional<MemoryBudget::Hold>> holds;
    for (int i = 0; i < 3; ++i) holds.push_back(take_now(kCapacity));
    EXPECT_EQ(log_, "800;700;612;");
    log_.clear();
    holds.push_back(take_now(5));
    EXPECT_EQ(log_, "5;");
}

TEST_F(MemoryBudgetTest, TwentyWhoTakeAllTheyCanLeaveRoomForMore) {
    std::vector<std::optional<MemoryBudget::Hold>> holds;
    for (int i = 0; i < 20; ++i) holds.push_back(take_now(kCapacity));
    const auto next = take_now(kCapacity);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->size(), kCapacity / 64);
    EXPECT_LE(budget_.taken(), kCapacity);
}

TEST_F(MemoryBudgetTest, WhoeverHasStoodStillLongestGivesUpAfterASecond) {
    Reader early(world_.now() + Duration(10));
    Reader late(world_.now() + Duration(20));
    auto first = take_now(1);
    first->resize(kCapacity / 2);
    late.hold(std::move(*first));
    auto second = take_now(1);
    second->resize(kCapacity / 2);
    early.hold(std::move(*second));
    log_.clear();

    std::optional<MemoryBudget::Hold> third;
    spawn(world_, take(50, world_.now() + std::chrono::seconds(9), third));
    world_.run();
    world_.advance(std::chrono::seconds(1));
    EXPECT_EQ(early.asked, 0);
    world_.advance(Duration(10));
    EXPECT_EQ(early.asked, 1);
    world_.advance(std::chrono::seconds(3));
    EXPECT_EQ(log_, "") << "nothing has come back yet";
    EXPECT_EQ(early.asked + late.asked, 1) << "one at a time";
    early.end();
    world_.run();
    EXPECT_EQ(log_, "50;");
    EXPECT_EQ(late.asked, 0);
    late.end();
}

TEST_F(MemoryBudgetTest, WhoGetsNoRoomInTimeIsTold) {
    Reader moving(world_.now() + std::chrono::seconds(5));
    auto all = take_now(1);
    all->resize(kCapacity);
    moving.hold(std::move(*all));
    log_.clear();
    std::optional<MemoryBudget::Hold> none;
    spawn(world_, take(50, world_.now() + std::chrono::seconds(2), none));
    world_.run();
    world_.advance(std::chrono::seconds(2));
    EXPECT_EQ(log_, make_error_code(Errc::kTimedOut).message() + ";");
    EXPECT_EQ(moving.asked, 0);
    moving.end();
}

}  // namespace
}  // namespace millrace
