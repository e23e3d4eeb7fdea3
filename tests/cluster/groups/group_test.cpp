// A group's life event by event: who is told what, when, and what has to be stored before.
#include "cluster/groups/group.hpp"

#include "protocol/wire.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace millrace {
namespace {

using namespace std::chrono_literals;

template <class Answer>
struct Told final : Reply<Answer> {
    void tell(Answer given) override {
        EXPECT_FALSE(answer) << "told twice";
        answer = std::move(given);
    }
    ErrorCode code() const { return answer ? answer->code : ErrorCode::kUnknownServerError; }
    std::optional<Answer> answer;
};

using Join = Told<JoinAnswer>;
using Sync = Told<SyncAnswer>;

/// As a consumer tells it: version 0, one topic, no data of its own.
Bytes subscription_to(std::string_view topic) {
    Writer writer;
    writer.put(std::int16_t{0});
    writer.put(std::int32_t{1});
    writer.put(static_cast<std::int16_t>(topic.size()));
    for (const char each : topic) writer.put(static_cast<std::int8_t>(each));
    writer.put(std::int32_t{-1});
    return writer.to_bytes();
}

class GroupTest : public testing::Test {
protected:
    static JoinWish wish(std::string id, std::vector<std::string> protocols = {"range"}) {
        JoinWish wish;
        wish.member_id = std::move(id);
        wish.client_id = "client";
        wish.client_host = "/127.0.0.1";
        wish.session_timeout_ms = 10'000;
        wish.rebalance_timeout_ms = 60'000;
        wish.protocol_type = "consumer";
        for (std::string& each : protocols) {
            wish.protocols.push_back({std::move(each), Bytes(3)});
        }
        return wish;
    }
    /// Of a member that has no id and is let in at once.
    static JoinWish newcomer(std::string id, std::vector<std::string> protocols = {"range"}) {
        JoinWish made = wish("", std::move(protocols));
        made.new_id = std::move(id);
        return made;
    }

    Join& join(JoinWish made) {
        Join& told = joins_.emplace_back();
        group_.join(now(), std::move(made), told);
        return told;
    }
    Sync& sync(std::string_view id, std::int32_t generation, Assignments assignments = {}) {
        Sync& told = syncs_.emplace_back();
        group_.sync(now(), {.who = {id, {}, generation}, .assignments = std::move(assignments)},
                    told);
        return told;
    }
    ErrorCode beat(std::string_view id, std::int32_t generation) {
        return group_.heartbeat(now(), {id, {}, generation});
    }
    void pass(Duration time) {
        const Time end = time_ + time;
        for (auto next = group_.next_deadline(); next && *next <= end;
             next = group_.next_deadline()) {
            time_ = std::max(time_, *next);
            group_.on_time(now());
            group_.rest();
        }
        time_ = end;
    }
    std::vector<GroupStore> store(ErrorCode code = ErrorCode::kNone) {
        std::vector<GroupStore> stores = group_.take_stores();
        for (const GroupStore& each : stores) group_.stored(now(), each, code);
        group_.rest();
        return stores;
    }
    /// Members "a", "b" and so on, of which "a" leads, in a stable generation.
    void be_stable(int count, std::int32_t generation = 1) {
        for (int i = 0; i < count; ++i) join(newcomer(std::string(1, static_cast<char>('a' + i))));
        pass(6s);
        Assignments shares;
        for (int i = 0; i < count; ++i) {
            shares[std::string(1, static_cast<char>('a' + i))] = Bytes(1, std::byte(i));
        }
        for (int i = 0; i < count; ++i) {
            sync(std::string(1, static_cast<char>('a' + i)), generation, shares);
        }
        store();
        ASSERT_EQ(group_.state(), GroupState::kStable);
    }
    /// A static member "a" by itself, with the id "a-1"; what it asked for.
    JoinWish be_stable_and_static() {
        JoinWish asked = newcomer("a-1");
        asked.instance_id = "a";
        join(asked);
        pass(6s);
        sync("a-1", 1);
        store();
        return asked;
    }
    Moment now() const { return {time_, time_.count() / 1'000'000}; }

    Time time_{1s};
    Group group_{"g", {}, now()};
    std::deque<Join> joins_;
    std::deque<Sync> syncs_;
};

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
