#include "core/runtime/timer.hpp"
#include "tests/cluster/tools/tool_test.hpp"

#include <algorithm>
#include <array>

namespace millrace {
namespace {

using Wish = GroupsOptions::Wish;

constexpr std::array kOfOneGroup{Wish::kDescribe, Wish::kDelete, Wish::kReset};

class GroupsTool : public ToolTest {
protected:
    /// A group that has read the three records of a topic.
    static Task<> make_group(Tools& tools) {
        co_await tools.fill("orders", "a\nb\nc\n");
        ConsumeOptions wish;
        wish.topics = {"orders"};
        wish.group = "billing";
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.said, "a\nb\nc\n") << ran.complained;
    }

    static GroupsOptions reset_to(std::string_view where) {
        GroupsOptions wish;
        wish.wish = Wish::kReset;
        wish.groups = {"billing"};
        wish.to = parse_position(where).value();
        return wish;
    }
};

TEST_P(GroupsTool, AllOfThemAndOneWithItsLag) {
    with_tools([](Tools& tools) -> Task<> {
        GroupsOptions wish;
        const Ran none = co_await tools.run(wish);
        EXPECT_EQ(none.said, "no groups yet\n") << none.complained;
        co_await make_group(tools);
        co_await tools.fill("orders", "d\ne\n");
        const Ran some = co_await tools.run(wish);
        EXPECT_EQ(some.said,
                  "GROUP    STATE  PROTOCOL  COORDINATOR\n"
                  "billing  Empty  consumer            0\n");
        wish.wish = Wish::kDescribe;
        wish.groups = {"billing"};
        tools.set_columns(50);
        const Ran one = co_await tools.run(wish);
        EXPECT_EQ(one.said,
                  "billing: Empty, 0 members, coordinator 0, lag 2\n"
                  "TOPIC   PARTITION  COMMITTED  END  LAG  CLIENT\n"
                  "orders          0          3    5    2  -\n"
                  "orders          1          0    0    0  -\n");
        wish.json = true;
        const Ran json = co_await tools.run(wish);
        EXPECT_NE(json.said.find(R"({"topic":"orders","partition":0,"committed":3,"end":5,)"
                                 R"("lag":2,"member":null})"),
                  std::string::npos)
            << json.said;
    });
}

TEST_P(GroupsTool, AResetIsShownBeforeItIsDone) {
    with_tools([](Tools& tools) -> Task<> {
        co_await make_group(tools);
        GroupsOptions wish = reset_to("1");
        const Ran shown = co_await tools.run(wish);
        EXPECT_EQ(shown.said,
                  "TOPIC   PARTITION  COMMITTED  NEW\n"
                  "orders          0          3    1\n"
                  "orders          1          0    0\n"
                  "Nothing has been changed. The same with --execute does it.\n");
        const Ran again = co_await tools.run(wish);
        EXPECT_EQ(again.said, shown.said) << "it was changed";
        wish.execute = true;
        wish.partitions = {0};
        const Ran done = co_await tools.run(wish);
        EXPECT_EQ(done.said,
                  "TOPIC   PARTITION  COMMITTED  NEW\n"
                  "orders          0          3    1\n"
                  "Done.\n");
        ConsumeOptions more;
        more.topics = {"orders"};
        more.group = "billing";
        const Ran got = co_await tools.run(more);
        EXPECT_EQ(got.said, "b\nc\n");
    });
}

TEST_P(GroupsTool, AGroupIsForgotten) {
    with_tools([](Tools& tools) -> Task<> {
        co_await make_group(tools);
        GroupsOptions wish;
        wish.wish = Wish::kDelete;
        wish.groups = {"billing"};
        const Ran gone = co_await tools.run(wish);
        EXPECT_EQ(gone.said, "deleted billing\n") << gone.complained;
        const Ran again = co_await tools.run(wish);
        EXPECT_EQ(again.exit, ToolExit::kRefused);
        EXPECT_EQ(again.complained, "millrace: there is no group 'billing', and no other group\n");
    });
}

TEST_P(GroupsTool, AMistypedGroupIsAnsweredWithTheNearest) {
    with_tools([](Tools& tools) -> Task<> {
        co_await make_group(tools);
        for (const Wish each : kOfOneGroup) {
            GroupsOptions wish;
            wish.wish = each;
            wish.groups = {"biling"};
            const Ran ran = co_await tools.run(wish);
            EXPECT_EQ(ran.exit, ToolExit::kRefused);
            EXPECT_EQ(ran.complained,
                      "millrace: there is no group 'biling'; did you mean 'billing'?\n");
        }
    });
}

bool end_is_asked_for = false;

/// Two members that follow, and what they had written when they were asked to end.
struct TwoMembers {
    Ran first;
    Ran second;
    int ended{};
};

Task<> follow(Tools& tools, Ran& ran, int& ended) {
    ConsumeOptions wish;
    wish.topics = {"orders"};
    wish.group = "billing";
    wish.follow = true;
    Ran done = co_await tools.run(wish);
    ran = std::move(done);
    ++ended;
}

/// Until both of them are in the group and have a partition each.
Task<std::string> wait_for_both(Tools& tools) {
    GroupsOptions wish;
    wish.wish = Wish::kDescribe;
    wish.groups = {"billing"};
    for (int i = 0; i < 300; ++i) {
        const Ran seen = co_await tools.run(wish);
        const bool both_are_in = seen.said.find("Stable, 2 members, range") != std::string::npos;
        if (both_are_in) co_return seen.said;
        co_await sleep_for(tools.world(), std::chrono::milliseconds(100));
    }
    co_return "they don't come together";
}

TEST_P(GroupsTool, TwoMembersShareATopicAndNobodyCanMoveItUnderThem) {
    end_is_asked_for = false;
    with_tools([](Tools& tools) -> Task<> {
        co_await make_group(tools);
        tools.set_interruption([] { return end_is_asked_for; });
        TwoMembers both;
        spawn(tools.world(), follow(tools, both.first, both.ended));
        spawn(tools.world(), follow(tools, both.second, both.ended));
        const std::string seen = co_await wait_for_both(tools);
        EXPECT_EQ(std::ranges::count(seen, '\n'), 4) << seen;
        GroupsOptions wish = reset_to("beginning");
        wish.execute = true;
        const Ran refused_reset = co_await tools.run(wish);
        EXPECT_EQ(refused_reset.exit, ToolExit::kRefused);
        EXPECT_NE(refused_reset.complained.find("has 2 members"), std::string::npos)
            << refused_reset.complained;
        wish.wish = Wish::kDelete;
        const Ran refused_delete = co_await tools.run(wish);
        EXPECT_EQ(refused_delete.exit, ToolExit::kRefused);
        ProduceOptions there;
        there.topic = "orders";
        const Ran sent = co_await tools.run(there, "d\ne\n");
        EXPECT_TRUE(sent.is_fine());
        co_await sleep_for(tools.world(), std::chrono::seconds(1));
        end_is_asked_for = true;
        while (both.ended < 2) co_await sleep_for(tools.world(), std::chrono::milliseconds(20));
        std::string all = both.first.said + both.second.said;
        std::ranges::sort(all);
        EXPECT_EQ(all, "\n\nde") << both.first.complained << both.second.complained;
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, GroupsTool, testing::Values(1, 2));

}  // namespace
}  // namespace millrace
