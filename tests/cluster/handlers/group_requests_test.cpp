// What requests of groups are refused for before a group is asked, and how that is said.
#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {
namespace {

class GroupRequests : public TrapTest {
protected:
    GroupRequests() { config_.groups.topic_partitions = 1; }

    static Task<FindCoordinatorResponse> find(Client& client, std::int8_t key_type,
                                              std::int16_t version) {
        FindCoordinatorRequest request;
        request.key = "g";
        request.key_type = key_type;
        auto found = co_await client.ask<FindCoordinatorResponse>(request, version);
        EXPECT_TRUE(found);
        co_return std::move(*found);
    }
};

TEST_P(GroupRequests, ACoordinatorThatIsFoundComesWithKafkasTextOfNoError) {
    with_broker([](Client& client) -> Task<> {
        for (int i = 0; i < 20; ++i) {
            const FindCoordinatorResponse found = co_await find(client, 0, 3);
            if (found.error_code == 0) break;
        }
        for (std::int16_t version = 1; version <= 3; ++version) {
            const FindCoordinatorResponse found = co_await find(client, 0, version);
            EXPECT_EQ(found.error_code, 0);
            EXPECT_EQ(found.error_message, "NONE");
            const FindCoordinatorResponse bad = co_await find(client, 9, version);
            EXPECT_EQ(bad.error_code, raw(ErrorCode::kInvalidRequest));
            EXPECT_NE(bad.error_message, "NONE");
        }
    });
}

TEST_P(GroupRequests, ASyncHasToNameTheProtocolOnceItCan) {
    with_broker([](Client& client) -> Task<> {
        SyncGroupRequest request;
        request.protocol_type = "consumer";
        const auto nameless = co_await client.ask<SyncGroupResponse>(request, 5);
        EXPECT_EQ(nameless->error_code, raw(ErrorCode::kInconsistentGroupProtocol));
        request.protocol_name = "range";
        const auto named = co_await client.ask<SyncGroupResponse>(request, 5);
        EXPECT_EQ(named->error_code, raw(ErrorCode::kInvalidGroupId));
        request.protocol_type.reset();
        const auto typeless = co_await client.ask<SyncGroupResponse>(request, 5);
        EXPECT_EQ(typeless->error_code, raw(ErrorCode::kInconsistentGroupProtocol));
        const auto older = co_await client.ask<SyncGroupResponse>(request, 4);
        EXPECT_EQ(older->error_code, raw(ErrorCode::kInvalidGroupId));
    });
}

TEST_P(GroupRequests, TheNewerProtocolIsRefusedAsByABrokerWithZooKeeper) {
    with_broker([](Client& client) -> Task<> {
        ConsumerGroupHeartbeatRequest beat;
        beat.group_id = "g";
        const auto beaten = co_await client.ask<ConsumerGroupHeartbeatResponse>(beat, 0);
        EXPECT_EQ(beaten->error_code, raw(ErrorCode::kUnsupportedVersion));
        ConsumerGroupDescribeRequest describe;
        describe.group_ids.assign({"g", "h"});
        const auto described = co_await client.ask<ConsumerGroupDescribeResponse>(describe, 0);
        EXPECT_EQ(described->groups.size(), 2u);
        EXPECT_EQ(described->groups[1].group_id, "h");
        EXPECT_EQ(described->groups[1].error_code, raw(ErrorCode::kUnsupportedVersion));
    });
}

TEST(JavaAddressTest, AnAddressIsSpelledOutAsJavaDoes) {
    EXPECT_EQ(java_address("10.0.0.7"), "/10.0.0.7");
    EXPECT_EQ(java_address("::1"), "/0:0:0:0:0:0:0:1");
    EXPECT_EQ(java_address("fe80::a:b"), "/fe80:0:0:0:0:0:a:b");
    EXPECT_EQ(java_address("2001:db8:1:2:3:4:5:6"), "/2001:db8:1:2:3:4:5:6");
}

INSTANTIATE_TEST_SUITE_P(Shards, GroupRequests, testing::Values(1, 2));

}  // namespace
}  // namespace millrace
