// Traps 35 to 47: produce.
#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {
namespace {

class ProduceTraps : public TrapTest {};

TEST_P(ProduceTraps, Trap35_InvalidRequiredAcksIsToldOfEveryPartitionThereIs) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch();
        for (const std::int16_t acks : {2, -2}) {
            ProduceRequest request = produce_to("t", 0, batch, acks);
            request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
            request.topics[0].partitions[1].index = 1;
            request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
            request.topics[0].partitions[2].index = 7;
            const auto response = co_await client.ask<ProduceResponse>(request, 9);
            const auto& answers = response->topics[0].partitions;
            for (const auto& each : answers) EXPECT_EQ(each.base_offset, -1);
            EXPECT_EQ(answers[0].error_code, raw(ErrorCode::kInvalidRequiredAcks));
            EXPECT_EQ(answers[1].error_code, raw(ErrorCode::kInvalidRequiredAcks));
            EXPECT_EQ(answers[2].error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        }
    });
}

TEST_P(ProduceTraps, Trap37_TheAnswerNamesTheFirstRecordAndWhereTheLogStarts) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.records = 3});
        for (std::int64_t i = 0; i < 2; ++i) {
            const auto answer = co_await produce(client, "t", 0, batch);
            EXPECT_EQ(answer.base_offset, 3 * i);
            EXPECT_EQ(answer.log_append_time_ms, -1);
            EXPECT_EQ(answer.log_start_offset, 0);
        }
        const auto refused = co_await produce(client, "nowhere", 0, batch);
        EXPECT_EQ(refused.base_offset, -1);
        EXPECT_EQ(refused.log_append_time_ms, -1);
        EXPECT_EQ(refused.log_start_offset, -1);
    });
}

TEST_P(ProduceTraps, Trap39_NoRecordsAreInvalidAndTheOtherPartitionsGoOn) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch();
        ProduceRequest request = produce_to("t", 0, {}, -1);
        request.topics[0].partitions.push_back(
            produce_to("t", 1, batch, -1).topics[0].partitions[0]);
        const auto response = co_await client.ask<ProduceResponse>(request, 9);
        EXPECT_EQ(response->topics[0].partitions[0].error_code, raw(ErrorCode::kInvalidRecord));
        EXPECT_EQ(response->topics[0].partitions[1].error_code, 0);
        request.topics.clear();
        const auto nothing = co_await client.ask<ProduceResponse>(request, 9);
        EXPECT_TRUE(nothing->topics.empty());
    });
}

TEST_P(ProduceTraps, Trap40_WhatIsUnknownIsNoMatterOfLeaders) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch();
        for (const std::int16_t version : {std::int16_t{3}, std::int16_t{10}, std::int16_t{11}}) {
            const auto partition = co_await produce(client, "t", 2, batch, version);
            EXPECT_EQ(partition.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
            EXPECT_EQ(partition.current_leader.leader_id, -1);
            const auto topic = co_await produce(client, "nowhere", 0, batch, version);
            EXPECT_EQ(topic.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        }
    });
}

TEST_P(ProduceTraps, Trap43_TheLastDeltaAndNotTheCountSaysWhereTheNextBatchGoes) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.records = 5});
        (void)co_await produce(client, "t", 0, batch);
        const auto next = co_await produce(client, "t", 0, batch);
        EXPECT_EQ(next.base_offset, RecordBatchView(batch).last_offset().value + 1);
    });
}

TEST_P(ProduceTraps, Trap47_ATransactionalBatchNeedsItsTransactionalId) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.attributes = 16});
        const auto refused = co_await produce(client, "t", 0, batch);
        EXPECT_EQ(refused.error_code, raw(ErrorCode::kTransactionalIdAuthorizationFailed));
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, ProduceTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
