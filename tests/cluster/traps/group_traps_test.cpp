// The traps of consumer groups and committed offsets, 74 to 85.
#include "core/runtime/timer.hpp"
#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {
namespace {

class GroupTraps : public TrapTest {
protected:
    GroupTraps() {
        config_.groups.initial_rebalance_delay_ms = 0;
        config_.groups.session_ms_min = 100;
        config_.groups.topic_partitions = 4;
    }

    /// Until the broker coordinates groups.
    static Task<> find_coordinator(Client& client) {
        FindCoordinatorRequest request;
        request.coordinator_keys = {"g"};
        for (int i = 0; i < 20; ++i) {
            const auto found = co_await client.ask<FindCoordinatorResponse>(request, 4);
            if (found->coordinators[0].error_code == 0) co_return;
        }
        ADD_FAILURE() << "no coordinator";
    }

    static JoinGroupRequest join_of(std::string member_id) {
        JoinGroupRequest request;
        request.group_id = "g";
        request.member_id = std::move(member_id);
        request.session_timeout_ms = 10'000;
        request.rebalance_timeout_ms = 10'000;
        request.protocol_type = "consumer";
        request.protocols.push_back({"range", as_bytes("said")});
        return request;
    }
    /// A member that is let in at once, and its generation.
    static Task<JoinGroupResponse> join(Client& client) {
        const JoinGroupRequest request = join_of("");
        auto joined = co_await client.ask<JoinGroupResponse>(request, 3);
        EXPECT_EQ(joined->error_code, 0);
        co_return std::move(*joined);
    }

    static SyncGroupRequest sync_of(const JoinGroupResponse& member) {
        SyncGroupRequest request;
        request.group_id = "g";
        request.generation_id = member.generation_id;
        request.member_id = member.member_id;
        return request;
    }
    static HeartbeatRequest beat_of(const JoinGroupResponse& member) {
        HeartbeatRequest request;
        request.group_id = "g";
        request.generation_id = member.generation_id;
        request.member_id = member.member_id;
        return request;
    }
    static Task<int> beat(Client& client, const JoinGroupResponse& member) {
        const HeartbeatRequest request = beat_of(member);
        const auto response = co_await client.ask<HeartbeatResponse>(request, 1);
        co_return response->error_code;
    }

    static OffsetCommitRequest commit_of(std::int64_t offset) {
        OffsetCommitRequest request;
        request.group_id = "g";
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = 0;
        partition.committed_offset = offset;
        return request;
    }
    static Task<int> commit(Client& client, OffsetCommitRequest request, std::int16_t version) {
        const auto response = co_await client.ask<OffsetCommitResponse>(request, version);
        co_return response->topics[0].partitions[0].error_code;
    }
    static Task<OffsetFetchResponse> fetch_offset(Client& client, std::int32_t partition,
                                                  std::int16_t version) {
        OffsetFetchRequest request;
        if (version < 8) {
            request.group_id = "g";
            request.topics.emplace().push_back({"t", {partition}});
        } else {
            auto& group = request.groups.emplace_back();
            group.group_id = "g";
            group.topics.emplace().push_back({"t", {partition}});
        }
        auto response = co_await client.ask<OffsetFetchResponse>(request, version);
        EXPECT_TRUE(response);
        co_return std::move(*response);
    }
};

TEST_P(GroupTraps, Trap74_AMemberWithoutAnIdIsSentAwayWithOneFirst) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        JoinGroupRequest request = join_of("");
        const auto sent_away = co_await client.ask<JoinGroupResponse>(request, 4);
        EXPECT_EQ(sent_away->error_code, raw(ErrorCode::kMemberIdRequired));
        EXPECT_TRUE(sent_away->member_id.starts_with("test-"));
        request.member_id = sent_away->member_id;
        const auto joined = co_await client.ask<JoinGroupResponse>(request, 4);
        EXPECT_EQ(joined->error_code, 0);
        EXPECT_EQ(joined->leader, joined->member_id);
        EXPECT_EQ(joined->members.size(), 1u);
    });
}

TEST_P(GroupTraps, Trap74_OldVersionsGetAMemberAtOnce) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        for (const std::int16_t version : {0, 3}) {
            JoinGroupRequest request = join_of("");
            if (version == 0) request.rebalance_timeout_ms = -1;
            const auto joined = co_await client.ask<JoinGroupResponse>(request, version);
            EXPECT_EQ(joined->error_code, 0);
            LeaveGroupRequest leave;
            leave.group_id = "g";
            leave.member_id = joined->member_id;
            (void)co_await client.ask<LeaveGroupResponse>(leave, 0);
        }
    });
}

TEST_P(GroupTraps, Trap75_AHeartbeatBeforeTheShareIsKnownIsGood) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        const JoinGroupResponse member = co_await join(client);
        EXPECT_EQ(co_await beat(client, member), 0);
    });
}

TEST_P(GroupTraps, Trap76_ASimpleConsumerCommitsUnlessThereAreMembers) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        co_await find_coordinator(client);
        OffsetCommitRequest request = commit_of(3);
        EXPECT_EQ(co_await commit(client, request, 8), 0);
        request.generation_id_or_member_epoch = 0;
        EXPECT_EQ(co_await commit(client, request, 8), raw(ErrorCode::kUnknownMemberId));
        (void)co_await join(client);
        request.generation_id_or_member_epoch = -1;
        EXPECT_EQ(co_await commit(client, request, 8), raw(ErrorCode::kUnknownMemberId));
    });
}

TEST_P(GroupTraps, Trap77_AnOffsetExpiresWhenItsCommitSaysSo) {
    config_.groups.expiry_interval_ms = 30;
    with_broker([this](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        co_await find_coordinator(client);
        OffsetCommitRequest request = commit_of(3);
        EXPECT_EQ(co_await commit(client, request, 3), 0);
        auto fetched = co_await fetch_offset(client, 0, 5);
        EXPECT_EQ(fetched.topics[0].partitions[0].committed_offset, 3) << "kept as configured";
        request.retention_time_ms = 0;
        EXPECT_EQ(co_await commit(client, request, 3), 0);
        for (int i = 0; i < 200; ++i) {
            fetched = co_await fetch_offset(client, 0, 5);
            if (fetched.topics[0].partitions[0].committed_offset < 0) co_return;
            co_await sleep_for(*world_, std::chrono::milliseconds(10));
        }
        ADD_FAILURE() << "never expires";
    });
}

TEST_P(GroupTraps, Trap78_OffsetFetchTellsErrorsWhereItsVersionDoes) {
    with_broker([](Client& client) -> Task<> {
        const int nowhere = raw(ErrorCode::kNotCoordinator);
        const auto each = co_await fetch_offset(client, 0, 1);
        EXPECT_EQ(each.topics[0].partitions[0].error_code, nowhere);
        const auto one = co_await fetch_offset(client, 0, 7);
        EXPECT_EQ(one.error_code, nowhere);
        EXPECT_TRUE(one.topics.empty());
        const auto of_group = co_await fetch_offset(client, 0, 8);
        EXPECT_EQ(of_group.groups[0].group_id, "g");
        EXPECT_EQ(of_group.groups[0].error_code, nowhere);
        const auto zookeepers = co_await fetch_offset(client, 0, 0);
        EXPECT_EQ(zookeepers.topics[0].partitions[0].error_code,
                  raw(ErrorCode::kUnsupportedVersion));
    });
}

TEST_P(GroupTraps, Trap79_WhatIsNotCommittedIsNoError) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        for (const std::int16_t version : {1, 7}) {
            const auto fetched = co_await fetch_offset(client, 5, version);
            const auto& partition = fetched.topics[0].partitions[0];
            EXPECT_EQ(partition.committed_offset, -1);
            EXPECT_EQ(partition.committed_leader_epoch, -1);
            EXPECT_EQ(partition.metadata, "");
            EXPECT_EQ(partition.error_code, 0);
        }
    });
}

TEST_P(GroupTraps, Trap80_EveryLeavingMemberHasItsOwnAnswer) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        const JoinGroupResponse member = co_await join(client);
        LeaveGroupRequest request;
        request.group_id = "g";
        request.members = {{"nobody", {}, {}}, {member.member_id, {}, {}}};
        const auto several = co_await client.ask<LeaveGroupResponse>(request, 4);
        EXPECT_EQ(several->error_code, 0);
        EXPECT_EQ(several->members[0].error_code, raw(ErrorCode::kUnknownMemberId));
        EXPECT_EQ(several->members[1].error_code, 0);
        request.members.clear();
        request.member_id = "nobody";
        const auto one = co_await client.ask<LeaveGroupResponse>(request, 2);
        EXPECT_EQ(one->error_code, raw(ErrorCode::kUnknownMemberId));
    });
}

TEST_P(GroupTraps, Trap81_AFollowerWaitsForItsLeader) {
    with_broker([this](Client& client) -> Task<> {
        co_await find_coordinator(client);
        const auto other = co_await connect();
        const JoinGroupResponse first = co_await join(client);
        const JoinGroupRequest second = join_of("");
        co_await other->send(second, 3);
        int code = 0;
        for (int tries = 0; code == 0 && tries < 10'000; ++tries) {
            code = co_await beat(client, first);
        }
        EXPECT_EQ(code, raw(ErrorCode::kRebalanceInProgress));
        const JoinGroupRequest again = join_of(first.member_id);
        const auto leader = co_await client.ask<JoinGroupResponse>(again, 3);
        const auto follower = co_await other->receive<JoinGroupResponse>(3);
        EXPECT_EQ(leader->generation_id, 2);
        EXPECT_EQ(leader->members.size(), 2u);
        const SyncGroupRequest waits = sync_of(*follower);
        co_await other->send(waits, 2);
        EXPECT_EQ(co_await beat(client, *leader), 0);
        SyncGroupRequest divides = sync_of(*leader);
        divides.assignments.push_back({leader->member_id, as_bytes("all")});
        const auto share = co_await client.ask<SyncGroupResponse>(divides, 2);
        EXPECT_EQ(as_text(share->assignment), "all");
        const auto rest = co_await other->receive<SyncGroupResponse>(2);
        EXPECT_EQ(rest->error_code, 0);
        EXPECT_TRUE(rest->assignment.empty());
        co_await other->close();
    });
}

TEST_P(GroupTraps, Trap82_WhatIsNoLongerHereIsNotAnsweredFromMemory) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        const JoinGroupResponse member = co_await join(client);
        EXPECT_EQ(co_await beat(client, member), 0);
        DeleteTopicsRequest deletion;
        deletion.topic_names = {std::string(kOffsetsTopic)};
        deletion.timeout_ms = 10'000;
        (void)co_await client.ask<DeleteTopicsResponse>(deletion, 4);
        EXPECT_EQ(co_await beat(client, member), raw(ErrorCode::kNotCoordinator));
        co_await find_coordinator(client);
        EXPECT_EQ(co_await beat(client, member), raw(ErrorCode::kUnknownMemberId));
    });
}

TEST_P(GroupTraps, Trap83_WhatWasAcknowledgedIsThereInTheNextLife) {
    const auto lives = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> {
            (void)co_await make_topic(client, "t");
            co_await find_coordinator(client);
            OffsetCommitRequest request = commit_of(3);
            request.topics[0].partitions[0].committed_metadata = "note";
            request.topics[0].partitions[0].committed_leader_epoch = 6;
            EXPECT_EQ(co_await commit(client, request, 6), 0);
        });
        co_await live([](Client& client) -> Task<> {
            co_await find_coordinator(client);
            const auto fetched = co_await fetch_offset(client, 0, 6);
            const auto& partition = fetched.topics[0].partitions[0];
            EXPECT_EQ(partition.committed_offset, 3);
            EXPECT_EQ(partition.committed_leader_epoch, 6);
            EXPECT_EQ(partition.metadata, "note");
        });
    };
    run(lives());
}

TEST_P(GroupTraps, Trap85_GroupsAreChosenByStateAndType) {
    with_broker([](Client& client) -> Task<> {
        co_await find_coordinator(client);
        (void)co_await join(client);
        ListGroupsRequest request;
        const auto all = co_await client.ask<ListGroupsResponse>(request, 3);
        EXPECT_EQ(all->groups.size(), 1u);
        EXPECT_EQ(all->groups[0].group_id, "g");
        EXPECT_EQ(all->groups[0].protocol_type, "consumer");
        request.states_filter = {"completingREBALANCE"};
        const auto some = co_await client.ask<ListGroupsResponse>(request, 5);
        EXPECT_EQ(some->groups.size(), 1u);
        EXPECT_EQ(some->groups[0].group_state, "CompletingRebalance");
        EXPECT_EQ(some->groups[0].group_type, "classic");
        request.states_filter = {"Stable"};
        const auto none = co_await client.ask<ListGroupsResponse>(request, 4);
        EXPECT_TRUE(none->groups.empty());
        request.states_filter.clear();
        request.types_filter = {"consumer"};
        const auto other = co_await client.ask<ListGroupsResponse>(request, 5);
        EXPECT_TRUE(other->groups.empty());
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, GroupTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
