// How a group's members come together: ids, generations, static members, protocols.
#include "tests/cluster/groups/group_fixture.hpp"

namespace millrace {
namespace {

TEST_F(GroupTest, AFirstGenerationWaitsForThoseWhoComeALittleLater) {
    Join& first = join(newcomer("a"));
    EXPECT_EQ(group_.state(), GroupState::kPreparingRebalance);
    pass(2900ms);
    Join& second = join(newcomer("b"));
    pass(200ms);
    EXPECT_FALSE(first.answer) << "somebody came meanwhile";
    pass(2900ms);
    ASSERT_TRUE(first.answer && second.answer);
    EXPECT_EQ(first.answer->generation, 1);
    EXPECT_EQ(first.answer->leader, "a");
    EXPECT_EQ(first.answer->members.size(), 2u);
    EXPECT_EQ(second.answer->leader, "a");
    EXPECT_TRUE(second.answer->members.empty());
    EXPECT_EQ(*second.answer->protocol_name, "range");
    EXPECT_EQ(*second.answer->protocol_type, "consumer");
}

TEST_F(GroupTest, GatheringEndsWithTheRebalanceTimeout) {
    JoinWish impatient = newcomer("a");
    impatient.rebalance_timeout_ms = 8'000;
    Join& first = join(std::move(impatient));
    for (char id = 'b'; id < 'k' && !first.answer; ++id) {
        pass(1s);
        JoinWish next = newcomer(std::string(1, id));
        next.rebalance_timeout_ms = 8'000;
        join(std::move(next));
    }
    ASSERT_TRUE(first.answer);
    EXPECT_LE(time_, Time(10s));
}

TEST_F(GroupTest, AnIdIsHandedOutAndWaitedForUntilItsSessionEnds) {
    JoinWish unknown = newcomer("a");
    unknown.needs_known_id = true;
    Join& sent_away = join(unknown);
    EXPECT_EQ(sent_away.code(), ErrorCode::kMemberIdRequired);
    EXPECT_EQ(sent_away.answer->member_id, "a");
    EXPECT_EQ(group_.state(), GroupState::kEmpty);
    Join& known = join(wish("a"));
    pass(3s);
    EXPECT_EQ(known.code(), ErrorCode::kNone);
    unknown.new_id = "b";
    join(unknown);
    pass(11s);
    EXPECT_EQ(join(wish("b")).code(), ErrorCode::kUnknownMemberId);
}

TEST_F(GroupTest, WhoeverWasSentAwayForAnIdCannotComeBackAsAStaticMember) {
    JoinWish unknown = newcomer("a");
    unknown.needs_known_id = true;
    join(unknown);
    JoinWish static_now = wish("a");
    static_now.instance_id = "i";
    Join& refused = join(static_now);
    EXPECT_TRUE(refused.answer);
    EXPECT_EQ(refused.code(), ErrorCode::kUnknownServerError);
    EXPECT_EQ(group_.state(), GroupState::kEmpty);
    Join& known = join(wish("a"));
    pass(3s);
    EXPECT_EQ(known.code(), ErrorCode::kNone) << "it still has its id";
}

TEST_F(GroupTest, WhoeverDoesNotJoinAgainIsLeftBehind) {
    be_stable(3);
    join(newcomer("d"));
    Join& back = join(wish("a"));
    for (int i = 0; i < 11; ++i) {
        pass(6s);
        (void)beat("b", 1);
    }
    ASSERT_TRUE(back.answer);
    EXPECT_EQ(back.answer->members.size(), 2u);
    EXPECT_EQ(beat("b", 1), ErrorCode::kUnknownMemberId);
}

TEST_F(GroupTest, AMemberThatChangesNothingDisturbsNobody) {
    be_stable(2);
    Join& same = join(wish("b"));
    EXPECT_EQ(same.answer->generation, 1);
    EXPECT_EQ(group_.state(), GroupState::kStable);
    join(wish("b", {"sticky", "range"}));
    EXPECT_EQ(group_.state(), GroupState::kPreparingRebalance);
}

TEST_F(GroupTest, ALeaderThatJoinsAgainWantsToDivideAnew) {
    be_stable(2);
    join(wish("a"));
    EXPECT_EQ(group_.state(), GroupState::kPreparingRebalance);
}

TEST_F(GroupTest, AStaticMemberComesBackUnnoticed) {
    JoinWish first = newcomer("a-1");
    first.instance_id = "a";
    join(first);
    join(newcomer("b"));
    pass(6s);
    sync("a-1", 1, {{"a-1", Bytes(2)}, {"b", Bytes(1)}});
    sync("b", 1);
    store();
    first.new_id = "a-2";
    Join& back = join(first);
    EXPECT_FALSE(back.answer) << "before its new id is stored";
    EXPECT_EQ(store().front().what, GroupStore::For::kStaticMember);
    EXPECT_EQ(back.answer->generation, 1);
    EXPECT_EQ(back.answer->member_id, "a-2");
    EXPECT_EQ(back.answer->leader, "a-1") << "it is not to divide";
    EXPECT_EQ(group_.state(), GroupState::kStable);
    EXPECT_EQ(sync("a-2", 1).answer->assignment, Bytes(2));
    EXPECT_EQ(group_.heartbeat(now(), {"a-1", "a", 1}), ErrorCode::kFencedInstanceId);
    first.new_id = "a-3";
    first.can_skip_assignment = true;
    Join& third = join(first);
    store();
    EXPECT_TRUE(third.answer->skip_assignment);
    EXPECT_EQ(third.answer->leader, "a-3");
    EXPECT_EQ(third.answer->members.size(), 2u);
}

TEST_F(GroupTest, ProtocolsThatNobodySharesAreRefused) {
    EXPECT_EQ(join(newcomer("x", {})).code(), ErrorCode::kInconsistentGroupProtocol);
    be_stable(1);
    EXPECT_EQ(join(newcomer("b", {"sticky"})).code(), ErrorCode::kInconsistentGroupProtocol);
    JoinWish other = newcomer("c");
    other.protocol_type = "connect";
    EXPECT_EQ(join(other).code(), ErrorCode::kInconsistentGroupProtocol);
}

TEST_F(GroupTest, TheProtocolThatMostWantMostIsTaken) {
    join(newcomer("a", {"range", "sticky"}));
    join(newcomer("b", {"sticky", "range"}));
    Join& last = join(newcomer("c", {"sticky", "range", "other"}));
    pass(6s);
    EXPECT_EQ(*last.answer->protocol_name, "sticky");
}

TEST_F(GroupTest, AFullGroupLetsNobodyIn) {
    Group small("g", {.members_max = 1, .initial_delay_ms = 0}, now());
    Join first;
    Join second;
    small.join(now(), newcomer("a"), first);
    small.join(now(), newcomer("b"), second);
    EXPECT_EQ(second.code(), ErrorCode::kGroupMaxSizeReached);
    small.on_time(now());
    EXPECT_EQ(first.code(), ErrorCode::kNone);
}

}  // namespace
}  // namespace millrace
