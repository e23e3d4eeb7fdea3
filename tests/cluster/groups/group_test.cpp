// Who stays in a group and who is gone, and what is stored and read of it.
#include "tests/cluster/groups/group_fixture.hpp"

namespace millrace {
namespace {

TEST_F(GroupTest, HeartbeatsTellOfARebalance) {
    EXPECT_EQ(beat("a", 0), ErrorCode::kUnknownMemberId);
    join(newcomer("a"));
    pass(6s);
    EXPECT_EQ(beat("a", 1), ErrorCode::kNone) << "its share is still to come";
    EXPECT_EQ(beat("a", 0), ErrorCode::kIllegalGeneration);
    sync("a", 1);
    store();
    EXPECT_EQ(beat("a", 1), ErrorCode::kNone);
    join(newcomer("b"));
    EXPECT_EQ(beat("a", 1), ErrorCode::kRebalanceInProgress);
}

TEST_F(GroupTest, WhoeverIsSilentForItsSessionIsGone) {
    be_stable(2);
    for (int i = 0; i < 3; ++i) {
        pass(5s);
        (void)beat("a", 1);
    }
    EXPECT_EQ(beat("b", 1), ErrorCode::kUnknownMemberId);
    EXPECT_EQ(beat("a", 1), ErrorCode::kRebalanceInProgress);
    Join& left = join(wish("a"));
    EXPECT_EQ(left.code(), ErrorCode::kNone) << "nobody else is waited for";
    EXPECT_EQ(left.answer->generation, 2);
}

TEST_F(GroupTest, TheLastOneLeavesAnEmptyGroupThatIsStored) {
    be_stable(2);
    EXPECT_EQ(group_.leave(now(), {.member_id = "a"}), ErrorCode::kNone);
    EXPECT_EQ(beat("b", 1), ErrorCode::kRebalanceInProgress);
    EXPECT_EQ(group_.leave(now(), {.member_id = "a"}), ErrorCode::kUnknownMemberId);
    EXPECT_EQ(group_.leave(now(), {.member_id = "b"}), ErrorCode::kNone);
    EXPECT_EQ(group_.state(), GroupState::kEmpty);
    EXPECT_EQ(group_.generation(), 2);
    const auto stores = store();
    ASSERT_EQ(stores.size(), 1u);
    EXPECT_EQ(stores[0].what, GroupStore::For::kEmptyGroup);
    EXPECT_EQ(group_.next_deadline(), std::nullopt);
}

TEST_F(GroupTest, AnEmptyGroupTakesLittleRoomAndKnowsWhatItWas) {
    be_stable(2);
    group_.leave(now(), {"a"});
    group_.leave(now(), {"b"});
    store();
    EXPECT_EQ(group_.state(), GroupState::kEmpty);
    EXPECT_EQ(group_.protocol_type(), "consumer");
    EXPECT_EQ(group_.next_deadline(), std::nullopt);
    EXPECT_TRUE(group_.members().empty());
    be_stable(2, 3);
    EXPECT_EQ(group_.members().leader(), "a");
    EXPECT_LE(sizeof(Group), 224u);
}

TEST_F(GroupTest, WhatIsReadIsWhatTheLastGenerationReads) {
    const auto reader = [](std::string id) {
        JoinWish made = newcomer(std::move(id));
        made.protocols.front().metadata = subscription_to("t");
        return made;
    };
    join(reader("a"));
    EXPECT_FALSE(group_.knows_topics());
    EXPECT_TRUE(group_.may_read("t"));
    pass(6s);
    EXPECT_TRUE(group_.knows_topics());
    EXPECT_TRUE(group_.may_read("t"));
    EXPECT_FALSE(group_.may_read("u"));
    // And of one that nobody was in, nothing, until the next generation has begun.
    EXPECT_EQ(group_.leave(now(), {"a"}), ErrorCode::kNone);
    store();
    ASSERT_EQ(group_.state(), GroupState::kEmpty);
    EXPECT_FALSE(group_.may_read("t"));
    join(reader("b"));
    ASSERT_EQ(group_.state(), GroupState::kPreparingRebalance);
    EXPECT_FALSE(group_.may_read("t"));
    pass(6s);
    EXPECT_TRUE(group_.may_read("t"));
}

TEST_F(GroupTest, AStaticMemberIsRemovedByItsInstanceId) {
    JoinWish first = newcomer("a-1");
    first.instance_id = "a";
    join(first);
    pass(6s);
    EXPECT_EQ(group_.leave(now(), {.member_id = "", .instance_id = "x"}),
              ErrorCode::kUnknownMemberId);
    EXPECT_EQ(group_.leave(now(), {.member_id = "", .instance_id = "a"}), ErrorCode::kNone);
    EXPECT_EQ(group_.state(), GroupState::kEmpty);
}

TEST_F(GroupTest, OnlyMembersCommitWhileThereAreAny) {
    EXPECT_EQ(group_.admit_commit(now(), {}), ErrorCode::kNone);
    join(newcomer("a"));
    pass(6s);
    const MemberClaim member{.member_id = "a", .generation = 1};
    EXPECT_EQ(group_.admit_commit(now(), member), ErrorCode::kRebalanceInProgress);
    sync("a", 1);
    store();
    EXPECT_EQ(group_.admit_commit(now(), member), ErrorCode::kNone);
    EXPECT_EQ(group_.admit_commit(now(), {}), ErrorCode::kUnknownMemberId);
    EXPECT_EQ(group_.admit_commit(now(), {.member_id = "a", .generation = 2}),
              ErrorCode::kIllegalGeneration);
    join(newcomer("b"));
    EXPECT_EQ(group_.admit_commit(now(), member), ErrorCode::kNone) << "before it joins again";
}

TEST_F(GroupTest, ACommitIsASignOfLife) {
    be_stable(1);
    for (int i = 0; i < 3; ++i) {
        pass(6s);
        EXPECT_EQ(group_.admit_commit(now(), {.member_id = "a", .generation = 1}),
                  ErrorCode::kNone);
    }
    EXPECT_EQ(beat("a", 1), ErrorCode::kNone);
}

TEST_F(GroupTest, AGroupIsReadAsItWasStored) {
    join(newcomer("a"));
    join(newcomer("b"));
    pass(6s);
    sync("a", 1, {{"a", Bytes(1)}, {"b", Bytes(2)}});
    sync("b", 1);
    const auto stores = store();
    Reader reader(stores.front().value);
    const auto version = reader.read<std::int16_t>();
    const auto value = GroupMetadataValue::decode(reader, version);
    ASSERT_TRUE(value);
    Group again("g", {}, *value, version, now());
    EXPECT_EQ(again.state(), GroupState::kStable);
    EXPECT_EQ(again.generation(), 1);
    EXPECT_EQ(*again.members().leader(), "a");
    EXPECT_EQ(again.members().find("b")->assignment, Bytes(2));
    EXPECT_EQ(again.heartbeat(now(), {"a", {}, 1}), ErrorCode::kNone);
    time_ += 11s;
    again.on_time(now());
    EXPECT_EQ(again.state(), GroupState::kEmpty) << "both are silent";
}

TEST_F(GroupTest, WhoeverWaitsIsToldWhenTheGroupMoves) {
    Join& waits = join(newcomer("a"));
    group_.leave_to_others(now());
    EXPECT_EQ(waits.code(), ErrorCode::kNotCoordinator);
    EXPECT_EQ(group_.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace millrace
