// Traps 1 to 19: protocol and connection.
#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {
namespace {

class ConnectionTraps : public TrapTest {};

TEST_P(ConnectionTraps, Trap10_NullMeansAllAndEmptyMeansNone) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        for (const bool all : {true, false}) {
            MetadataRequest metadata;
            DescribeLogDirsRequest directories;
            if (all) {
                metadata.topics.reset();
                directories.topics.reset();
            } else {
                metadata.topics.emplace();
                directories.topics.emplace();
            }
            const std::size_t count = all ? 1 : 0;
            const auto told = co_await client.ask<MetadataResponse>(metadata, 9);
            EXPECT_EQ(told->topics.size(), count);
            const auto listed = co_await client.ask<DescribeLogDirsResponse>(directories, 4);
            EXPECT_EQ(listed->results[0].topics.size(), count);
        }
    });
}

TEST_P(ConnectionTraps, Trap12_WhatAFetchDoesNotTellIsLeftOut) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        FetchRequest request = fetch_from("t", 0, 0);
        request.topics[0].topic_id = topic.topic_id;
        auto response = co_await client.ask<FetchResponse>(request, 17);
        Writer plain;
        response->encode(plain, 17);
        auto& partition = response->topics[0].partitions[0];
        EXPECT_EQ(partition.diverging_epoch, FetchResponse::EpochEndOffset());
        EXPECT_EQ(partition.current_leader, FetchResponse::LeaderIdAndEpoch());
        EXPECT_EQ(partition.snapshot_id, FetchResponse::SnapshotId());
        // One tagged struct makes it longer by its tag, its size and what is in it.
        partition.current_leader.leader_id = 1;
        Writer tagged;
        response->encode(tagged, 17);
        EXPECT_EQ(tagged.to_bytes().size(), plain.to_bytes().size() + 2 + 4 + 4 + 1);
    });
}

TEST_P(ConnectionTraps, Trap14_ErrorsEchoTheCorrelationIdToo) {
    with_broker([](Client& client) -> Task<> {
        // receive() looks at it.
        FetchRequest unknown = fetch_from("nowhere", 0, 0);
        unknown.session_id = 5;
        unknown.session_epoch = 5;
        co_await client.send(unknown, 12);
        const OffsetForLeaderEpochRequest nothing;
        co_await client.send(nothing, 4);
        const auto refused = co_await client.receive<FetchResponse>(12);
        EXPECT_NE(refused->error_code, 0);
        const auto answered = co_await client.receive<OffsetForLeaderEpochResponse>(4);
        EXPECT_TRUE(answered->topics.empty());
    });
}

TEST_P(ConnectionTraps, Trap17_AnIdleConnectionIsClosed) {
    config_.connections_idle_ms_max = 50;
    with_broker([](Client& client) -> Task<> {
        const auto nothing = co_await client.receive<MetadataResponse>(9);
        EXPECT_FALSE(nothing);
    });
}

TEST_P(ConnectionTraps, Trap18_ClientsAreSentToTheAdvertisedListener) {
    config_ = read_config({{"listeners", "PLAINTEXT://127.0.0.1:0"},
                           {"advertised.listeners", "PLAINTEXT://broker.example:1234"},
                           {"log.dirs", folder_ + "/data"}})
                  .config;
    with_broker([](Client& client) -> Task<> {
        MetadataRequest request;
        request.topics.emplace();
        const auto told = co_await client.ask<MetadataResponse>(request, 9);
        EXPECT_EQ(told->brokers[0].host, "broker.example");
        EXPECT_EQ(told->brokers[0].port, 1234);
    });
}

TEST_P(ConnectionTraps, Trap19_AnIllegalSoftwareNameIsAnsweredAndNothingCloses) {
    with_broker([](Client& client) -> Task<> {
        ApiVersionsRequest request;
        request.client_software_version = "1.0";
        for (const char* const name : {"-bad", "bad-", "b d", ""}) {
            request.client_software_name = name;
            const auto refused = co_await client.ask<ApiVersionsResponse>(request, 3);
            EXPECT_EQ(refused->error_code, raw(ErrorCode::kInvalidRequest)) << name;
        }
        request.client_software_name = "good-1.x";
        const auto good = co_await client.ask<ApiVersionsResponse>(request, 3);
        EXPECT_EQ(good->error_code, 0);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, ConnectionTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
