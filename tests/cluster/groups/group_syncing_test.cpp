// How a generation is divided, and what becomes of those who owe a sync or wait for a store.
#include "tests/cluster/groups/group_fixture.hpp"

namespace millrace {
namespace {

TEST_F(GroupTest, NobodyIsToldItsShareBeforeTheDivisionIsStored) {
    join(newcomer("a"));
    join(newcomer("b"));
    pass(6s);
    Sync& follower = sync("b", 1);
    Sync& leader = sync("a", 1, {{"a", Bytes(1)}});
    EXPECT_FALSE(follower.answer);
    EXPECT_FALSE(leader.answer);
    const auto stores = store();
    ASSERT_EQ(stores.size(), 1u);
    EXPECT_EQ(leader.answer->assignment, Bytes(1));
    EXPECT_EQ(follower.code(), ErrorCode::kNone);
    EXPECT_TRUE(follower.answer->assignment.empty()) << "nobody has given it any";
    EXPECT_EQ(group_.state(), GroupState::kStable);
    EXPECT_EQ(sync("b", 1).code(), ErrorCode::kNone) << "asked again";
}

TEST_F(GroupTest, ADivisionThatIsNotStoredIsTheEndOfItsGeneration) {
    join(newcomer("a"));
    pass(6s);
    Sync& leader = sync("a", 1, {{"a", Bytes(1)}});
    store(ErrorCode::kNotCoordinator);
    EXPECT_EQ(leader.code(), ErrorCode::kNotCoordinator);
    EXPECT_EQ(group_.state(), GroupState::kPreparingRebalance);
}

TEST_F(GroupTest, AGenerationIsDividedOnce) {
    for (const char* id : {"a", "b"}) join(newcomer(id));
    pass(6s);
    Sync& second = sync("b", 1);
    Sync& first_try = sync("a", 1, {{"a", Bytes(1)}, {"b", Bytes(2)}});
    Sync& again = sync("a", 1, {{"a", Bytes(2)}, {"b", Bytes(1)}});
    EXPECT_EQ(first_try.code(), ErrorCode::kUnknownMemberId) << "given up";
    EXPECT_EQ(store().size(), 1u);
    EXPECT_EQ(again.answer->assignment, Bytes(1));
    EXPECT_EQ(second.answer->assignment, Bytes(2));
}

TEST_F(GroupTest, ADivisionOfAFormerGenerationHasNoEffect) {
    join(newcomer("a"));
    pass(6s);
    sync("a", 1, {{"a", Bytes(1)}});
    auto stores = group_.take_stores();
    Join& again = join(wish("a", {"range", "sticky"}));
    EXPECT_EQ(again.answer->generation, 2);
    group_.stored(now(), stores.front(), ErrorCode::kNone);
    EXPECT_EQ(group_.state(), GroupState::kCompletingRebalance);
}

TEST_F(GroupTest, ASyncThatAFormerIdOwesDividesTheGroupAnewAndCostsNobodyItsPlace) {
    JoinWish first = newcomer("a-1");
    first.instance_id = "a";
    JoinWish leader = newcomer("b");
    for (JoinWish* const each : {&first, &leader}) each->session_timeout_ms = 100'000;
    join(leader);
    join(first);
    pass(6s);
    sync("b", 1, {{"a-1", Bytes(2)}, {"b", Bytes(1)}});
    store();
    first.new_id = "a-2";
    join(first);
    store();
    EXPECT_EQ(sync("a-2", 1).answer->assignment, Bytes(2));
    pass(50s);
    EXPECT_EQ(group_.state(), GroupState::kStable);
    pass(11s);
    EXPECT_EQ(group_.state(), GroupState::kPreparingRebalance);
    EXPECT_EQ(group_.members().size(), 2u);
    EXPECT_EQ(sync("a-2", 1).code(), ErrorCode::kRebalanceInProgress);
    // And of the next generation nobody owes anything that was owed before.
    first.member_id = "a-2";
    leader.member_id = "b";
    join(first);
    join(leader);
    sync("b", 2, {{"a-2", Bytes(2)}, {"b", Bytes(1)}});
    sync("a-2", 2);
    store();
    pass(90s);
    EXPECT_EQ(group_.state(), GroupState::kStable);
}

TEST_F(GroupTest, AStaticMembersSuccessorHasTheFormerSessionToShowItself) {
    JoinWish first = be_stable_and_static();
    first.new_id = "a-2";
    first.session_timeout_ms = 30'000;
    join(first);
    store();
    pass(9s);
    EXPECT_EQ(group_.heartbeat(now(), {"a-2", "a", 1}), ErrorCode::kNone);
    first.new_id = "a-3";
    first.session_timeout_ms = 10'000;
    join(first);
    store();
    pass(29s);
    EXPECT_EQ(group_.heartbeat(now(), {"a-3", "a", 1}), ErrorCode::kNone);
    pass(11s);
    EXPECT_EQ(group_.heartbeat(now(), {"a-3", "a", 1}), ErrorCode::kUnknownMemberId);
}

TEST_F(GroupTest, AStaticMembersSuccessorIsWatchedHoweverLongItsStoreTakes) {
    JoinWish first = be_stable_and_static();
    first.new_id = "a-2";
    join(first);
    pass(11s);
    store();
    EXPECT_EQ(group_.heartbeat(now(), {"a-2", "a", 1}), ErrorCode::kNone);
    pass(11s);
    EXPECT_EQ(group_.heartbeat(now(), {"a-2", "a", 1}), ErrorCode::kUnknownMemberId);
}

TEST_F(GroupTest, AStaticMemberThatCannotBeStoredIsAsItWas) {
    JoinWish first = be_stable_and_static();
    first.new_id = "a-2";
    Join& back = join(first);
    store(ErrorCode::kNotCoordinator);
    EXPECT_EQ(back.code(), ErrorCode::kNotCoordinator);
    EXPECT_EQ(group_.heartbeat(now(), {"a-1", "a", 1}), ErrorCode::kNone);
}

TEST_F(GroupTest, SyncsOfAnotherGenerationOrProtocolAreRefused) {
    join(newcomer("a"));
    pass(6s);
    EXPECT_EQ(sync("a", 0).code(), ErrorCode::kIllegalGeneration);
    EXPECT_EQ(sync("x", 1).code(), ErrorCode::kUnknownMemberId);
    Sync& other = syncs_.emplace_back();
    group_.sync(now(), {.who = {"a", {}, 1}, .protocol_name = "sticky"}, other);
    EXPECT_EQ(other.code(), ErrorCode::kInconsistentGroupProtocol);
    join(newcomer("b"));
    EXPECT_EQ(sync("a", 1).code(), ErrorCode::kRebalanceInProgress);
}

TEST_F(GroupTest, WhoeverNeverAsksForItsShareIsLeftBehind) {
    join(newcomer("a"));
    join(newcomer("b"));
    pass(6s);
    Sync& follower = sync("b", 1);
    for (int i = 0; i < 11; ++i) {
        pass(6s);
        (void)beat("a", 1);
    }
    EXPECT_EQ(follower.code(), ErrorCode::kRebalanceInProgress);
    EXPECT_EQ(beat("a", 1), ErrorCode::kUnknownMemberId);
    EXPECT_EQ(beat("b", 1), ErrorCode::kRebalanceInProgress);
}

TEST_F(GroupTest, ASessionThatEndsWithTheWaitForSyncsEndsFirst) {
    JoinWish one_timeout = newcomer("a");
    one_timeout.session_timeout_ms = one_timeout.rebalance_timeout_ms = 8000;
    join(std::move(one_timeout));
    JoinWish patient = newcomer("b");
    patient.rebalance_timeout_ms = 5000;
    join(std::move(patient));
    pass(6s);
    pass(8s);
    EXPECT_EQ(beat("a", 1), ErrorCode::kUnknownMemberId);
    EXPECT_EQ(beat("b", 1), ErrorCode::kRebalanceInProgress) << "b owes a sync, too";
}

}  // namespace
}  // namespace millrace
