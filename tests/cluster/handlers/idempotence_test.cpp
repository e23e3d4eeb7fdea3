// Idempotent producers of a whole broker: their ids, what becomes of their batches, and what is
// told of them.
#include "protocol/error_code.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

#include <set>

namespace millrace {
namespace {

class IdempotenceTest : public BrokerTest {
protected:
    static InitProducerIdRequest without_transactions() {
        InitProducerIdRequest request;
        request.transactional_id.reset();
        return request;
    }

    static Task<InitProducerIdResponse> ask_for_id(Client& client, InitProducerIdRequest request,
                                                   std::int16_t version = 5) {
        const auto response = co_await client.ask<InitProducerIdResponse>(request, version);
        EXPECT_TRUE(response);
        co_return *response;
    }

    static Bytes batch_of(std::int64_t id, std::int32_t sequence, std::int16_t epoch = 0) {
        return make_batch(
            {.records = 3, .producer_id = id, .base_sequence = sequence, .producer_epoch = epoch});
    }

    static Task<ProduceResponse::Partition> produce(Client& client, Bytes batch) {
        const ProduceRequest request = produce_to("t", 0, batch, -1);
        const auto response = co_await client.ask<ProduceResponse>(request, 11);
        EXPECT_TRUE(response);
        co_return response->topics[0].partitions[0];
    }

    static Task<> make_topic(Client& client) {
        const MetadataRequest request = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(request, 9);
    }

    static Task<DescribeProducersResponse> describe(Client& client, std::string topic,
                                                    std::int32_t index) {
        DescribeProducersRequest request;
        auto& wanted = request.topics.emplace_back();
        wanted.name = topic;
        wanted.partition_indexes.push_back(index);
        const auto response = co_await client.ask<DescribeProducersResponse>(request, 0);
        EXPECT_TRUE(response);
        co_return *response;
    }
};

TEST_P(IdempotenceTest, EveryProducerGetsAnIdOfItsOwn) {
    with_client([](Client& client) -> Task<> {
        std::set<std::int64_t> ids;
        for (int i = 0; i < 1'100; ++i) {
            const InitProducerIdRequest request = without_transactions();
            const auto version = static_cast<std::int16_t>(i % 6);
            const auto response = co_await ask_for_id(client, request, version);
            EXPECT_EQ(response.error_code, 0);
            EXPECT_EQ(response.producer_epoch, 0);
            // A Java broker on the same directory counts from 0.
            EXPECT_GE(response.producer_id, std::int64_t{1} << 32);
            ids.insert(response.producer_id);
        }
        EXPECT_EQ(ids.size(), 1'100u);
    });
}

TEST_P(IdempotenceTest, AnIdIsNeverGivenByTheNextLifeAgain) {
    std::set<std::int64_t> ids;
    for (int life = 0; life < 2; ++life) {
        with_client([&ids](Client& client) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                const InitProducerIdRequest request = without_transactions();
                const auto response = co_await ask_for_id(client, request);
                EXPECT_TRUE(ids.insert(response.producer_id).second);
            }
        });
    }
}

TEST_P(IdempotenceTest, WhatAProducerSaysOfItselfComesWholeOrNotAtAll) {
    with_client([](Client& client) -> Task<> {
        InitProducerIdRequest request = without_transactions();
        request.producer_id = 4;
        auto response = co_await ask_for_id(client, request);
        EXPECT_EQ(response.error_code, raw(ErrorCode::kInvalidRequest));
        EXPECT_EQ(response.producer_id, -1);
        EXPECT_EQ(response.producer_epoch, -1);
        request.producer_epoch = 2;
        response = co_await ask_for_id(client, request);
        EXPECT_EQ(response.error_code, 0);
        EXPECT_EQ(response.producer_epoch, 0);
    });
}

TEST_P(IdempotenceTest, NoTransactionIsBegun) {
    with_client([](Client& client) -> Task<> {
        InitProducerIdRequest request;
        request.transactional_id = "t1";
        request.transaction_timeout_ms = 1000;
        auto response = co_await ask_for_id(client, request);
        EXPECT_EQ(response.error_code, raw(ErrorCode::kCoordinatorNotAvailable));
        EXPECT_EQ(response.producer_id, -1);
        request.transactional_id = "";
        response = co_await ask_for_id(client, request);
        EXPECT_EQ(response.error_code, raw(ErrorCode::kInvalidRequest));
    });
    EXPECT_TRUE(lines_.contain("a client begins a transaction"));
}

TEST_P(IdempotenceTest, Trap38_ABatchThatIsSentAgainIsASuccessWithItsOldOffset) {
    with_client([](Client& client) -> Task<> {
        co_await make_topic(client);
        for (int time = 0; time < 3; ++time) {
            const Bytes first = batch_of(9, 0);
            const auto answer = co_await produce(client, first);
            EXPECT_EQ(answer.error_code, 0);
            EXPECT_EQ(answer.base_offset, 0);
            EXPECT_EQ(answer.log_start_offset, 0);
            EXPECT_EQ(answer.log_append_time_ms, time == 0 ? -1 : 1002);
        }
        const Bytes next = batch_of(9, 3);
        const auto answer = co_await produce(client, next);
        EXPECT_EQ(answer.base_offset, 3);
    });
}

TEST_P(IdempotenceTest, Trap38_AGapAndAnOlderEpochAreRefused) {
    with_client([](Client& client) -> Task<> {
        co_await make_topic(client);
        const Bytes first = batch_of(9, 0, 2);
        (void)co_await produce(client, first);
        const Bytes gap = batch_of(9, 4, 2);
        auto answer = co_await produce(client, gap);
        EXPECT_EQ(answer.error_code, raw(ErrorCode::kOutOfOrderSequenceNumber));
        EXPECT_EQ(answer.base_offset, -1);
        EXPECT_EQ(answer.log_start_offset, 0);
        const Bytes old = batch_of(9, 3, 1);
        answer = co_await produce(client, old);
        EXPECT_EQ(answer.error_code, raw(ErrorCode::kInvalidProducerEpoch));
    });
}

TEST_P(IdempotenceTest, AProducerWithoutSequenceIsAnInvalidRecord) {
    with_client([](Client& client) -> Task<> {
        co_await make_topic(client);
        const Bytes batch = batch_of(9, -1);
        const auto answer = co_await produce(client, batch);
        EXPECT_EQ(answer.error_code, raw(ErrorCode::kInvalidRecord));
    });
}

TEST_P(IdempotenceTest, APartitionTellsItsProducers) {
    with_client([](Client& client) -> Task<> {
        co_await make_topic(client);
        for (std::int32_t sequence = 0; sequence < 21; sequence += 3) {
            const Bytes batch = batch_of(9, sequence);
            (void)co_await produce(client, batch);
        }
        auto response = co_await describe(client, "t", 0);
        auto partition = response.topics[0].partitions[0];
        EXPECT_EQ(partition.error_code, 0);
        EXPECT_EQ(partition.active_producers.size(), 1u);
        const auto& producer = partition.active_producers[0];
        EXPECT_EQ(producer.producer_id, 9);
        EXPECT_EQ(producer.producer_epoch, 0);
        EXPECT_EQ(producer.last_sequence, 20);
        EXPECT_EQ(producer.last_timestamp, 1002);
        EXPECT_EQ(producer.coordinator_epoch, -1);
        EXPECT_EQ(producer.current_txn_start_offset, -1);
        response = co_await describe(client, "t", 1);
        EXPECT_TRUE(response.topics[0].partitions[0].active_producers.empty());
        response = co_await describe(client, "t", 2);
        partition = response.topics[0].partitions[0];
        EXPECT_EQ(partition.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        EXPECT_EQ(partition.error_message, std::nullopt);
        response = co_await describe(client, "none", 0);
        partition = response.topics[0].partitions[0];
        EXPECT_EQ(partition.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        EXPECT_EQ(partition.error_message, "This server does not host this topic-partition.");
        response = co_await describe(client, "bad name", 0);
        partition = response.topics[0].partitions[0];
        EXPECT_EQ(partition.error_code, raw(ErrorCode::kInvalidTopicException));
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, IdempotenceTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
