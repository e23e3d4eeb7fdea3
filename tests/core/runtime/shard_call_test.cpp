// Mail between shards and calls across them, on worlds whose turns the test takes.
#include "core/runtime/shard_call.hpp"

#include "core/runtime/shard.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/turn_world.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace millrace {
namespace {

class Numbered final : public Message {
public:
    Numbered(std::vector<int>& into, int number)
        : Message(&Numbered::on_arrival), into_(into), number_(number) {}

private:
    static void on_arrival(Message& message) {
        auto& self = static_cast<Numbered&>(message);
        self.into_.push_back(self.number_);
    }
    std::vector<int>& into_;
    int number_;
};

class ShardCallTest : public testing::Test {
protected:
    ShardCallTest() : shards_({&home_, &away_}) {}

    void settle() { millrace::settle({&home_, &away_}); }

    TurnWorld home_;
    TurnWorld away_;
    Shards shards_;
};

TEST_F(ShardCallTest, MailArrivesInOrderThroughAMailboxThatIsFull) {
    std::vector<int> arrived;
    std::deque<Numbered> messages;
    const int count = static_cast<int>(Mailbox::kPlaces) * 3 + 5;
    for (int i = 0; i < count; ++i) home_.send(1, messages.emplace_back(arrived, i));
    home_.turn();
    EXPECT_TRUE(home_.mail_is_left);
    away_.turn();
    EXPECT_EQ(arrived.size(), Mailbox::kPlaces);
    home_.send(1, messages.emplace_back(arrived, count));
    settle();
    EXPECT_FALSE(home_.mail_is_left);
    ASSERT_EQ(arrived.size(), static_cast<std::size_t>(count) + 1);
    for (int i = 0; i <= count; ++i) EXPECT_EQ(arrived[static_cast<std::size_t>(i)], i);
}

TEST_F(ShardCallTest, OnlyASleeperIsRungAndOnce) {
    std::vector<int> arrived;
    std::deque<Numbered> messages;
    home_.send(1, messages.emplace_back(arrived, 1));
    home_.turn();
    EXPECT_EQ(away_.rings, 0);
    EXPECT_FALSE(away_.try_to_sleep()) << "there is mail";
    settle();
    EXPECT_TRUE(away_.try_to_sleep());
    home_.send(1, messages.emplace_back(arrived, 2));
    home_.send(1, messages.emplace_back(arrived, 3));
    home_.turn();
    home_.send(1, messages.emplace_back(arrived, 4));
    home_.turn();
    EXPECT_EQ(away_.rings, 1);
    settle();
    EXPECT_EQ(arrived, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(ShardCallTest, AFunctionRunsThereAndItsResultComesHome) {
    std::string heard;
    const auto scenario = [](World& home, std::string& into) -> Task<> {
        const auto where = [&home] {
            return std::make_unique<std::string>("from " + std::to_string(home.peer(1).shard()));
        };
        ShardCall call(home, 1, where);
        const auto answer = co_await call.run();
        into = *answer;
    };
    spawn(home_, scenario(home_, heard));
    home_.turn();
    EXPECT_EQ(heard, "");
    away_.turn();
    EXPECT_EQ(heard, "");
    home_.turn();
    EXPECT_EQ(heard, "from 1");
}

Task<int> sleep_and_tell(World& expected, int value) {
    World* const here = co_await this_world();
    EXPECT_EQ(here, &expected);
    co_await sleep_for(*here, std::chrono::milliseconds(5));
    co_return value;
}

TEST_F(ShardCallTest, ACoroutineRunsThereWhileOthersDoToo) {
    int sum = 0;
    const auto scenario = [](World& home, World& away, int& total) -> Task<> {
        const auto far = [&away] { return sleep_and_tell(away, 1); };
        const auto near = [&home] { return sleep_and_tell(home, 10); };
        ShardCall first(home, 1, far);
        ShardCall second(home, 0, near);
        ShardCall third(home, 0, near);
        first.start();
        second.start();
        co_await first.come_home();
        co_await second.come_home();
        total = first.take() + second.take();
        total += co_await third.run();
    };
    spawn(home_, scenario(home_, away_, sum));
    settle();
    EXPECT_EQ(sum, 0);
    for (int i = 0; i < 2; ++i) {
        home_.time += std::chrono::milliseconds(5);
        away_.time += std::chrono::milliseconds(5);
        settle();
    }
    EXPECT_EQ(sum, 21);
}

TEST_F(ShardCallTest, AWordFromThereIsHeardBeforeTheCallIsHome) {
    std::string heard;
    const auto scenario = [](World& home, World& away, std::string& into) -> Task<> {
        const auto hear = [&into] { into += "note,"; };
        ShardNote note(home, hear);
        const auto visit = [&note, &away] { note.say(away); };
        ShardCall call(home, 1, visit);
        co_await call.run();
        into += "home";
    };
    spawn(home_, scenario(home_, away_, heard));
    settle();
    EXPECT_EQ(heard, "note,home");
}

TEST_F(ShardCallTest, ShardsThatEndTogetherLeaveNothingBehind) {
    const auto kept = std::make_shared<int>(1);
    const auto visit_long = [](World& away, std::shared_ptr<int> held) -> Task<int> {
        co_await sleep_for(away, std::chrono::hours(1));
        co_return *held;
    };
    const auto scenario = [visit_long](World& home, World& away,
                                       std::shared_ptr<int> held) -> Task<> {
        const auto visit = [&] { return visit_long(away, held); };
        ShardCall call(home, 1, visit);
        (void)co_await call.run();
    };
    spawn(home_, scenario(home_, away_, kept));
    settle();
    spawn(home_, scenario(home_, away_, kept));
    home_.turn();  // its call is under way
    for (TurnWorld* const world : {&home_, &away_}) world->doom();
    shards_.forget_mail();
    home_.die();
    away_.die();
    EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace millrace
