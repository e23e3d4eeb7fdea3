// DeleteRecords: what is answered, and what everybody sees of a log afterwards.
#include "protocol/message/delete_records.hpp"

#include "protocol/error_code.hpp"
#include "protocol/message/list_offsets.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

namespace millrace {
namespace {

class DeleteRecordsTest : public BrokerTest {
protected:
    static constexpr std::int64_t kRecords = 12;

    /// Topic `t` with `kRecords` of three in each batch in both partitions.
    static Task<> produce(Client& client) {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch({.records = 3});
        for (std::int32_t i = 0; i < kRecords / 3 * 2; ++i) {
            const ProduceRequest request = produce_to("t", i % 2, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(request, 9);
            EXPECT_EQ(response->topics[0].partitions[0].error_code, 0);
        }
    }

    static DeleteRecordsRequest deletion(std::string topic, std::int32_t index,
                                         std::int64_t offset) {
        DeleteRecordsRequest request;
        request.timeout_ms = 0;
        auto& wanted = request.topics.emplace_back();
        wanted.name = std::move(topic);
        wanted.partitions.push_back({index, offset});
        return request;
    }

    static Task<> expect_answer(Client& client, DeleteRecordsRequest request, ErrorCode code,
                                std::int64_t low_watermark, std::int16_t version = 2) {
        const auto response = co_await client.ask<DeleteRecordsResponse>(request, version);
        EXPECT_TRUE(response);
        EXPECT_EQ(response->topics.size(), 1u);
        EXPECT_EQ(response->topics[0].name, request.topics[0].name);
        const auto& partition = response->topics[0].partitions.at(0);
        EXPECT_EQ(partition.partition_index, request.topics[0].partitions[0].partition_index);
        EXPECT_EQ(partition.error_code, raw(code));
        EXPECT_EQ(partition.low_watermark, low_watermark);
    }

    static Task<std::int64_t> earliest(Client& client, std::int32_t index) {
        ListOffsetsRequest request;
        request.replica_id = -1;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.partitions.emplace_back().index = index;
        topic.partitions.back().timestamp = -2;
        const auto response = co_await client.ask<ListOffsetsResponse>(request, 5);
        co_return response->topics[0].partitions[0].offset;
    }
};

TEST_P(DeleteRecordsTest, EveryVersionMovesTheStartThatEverybodySees) {
    with_client([](Client& client) -> Task<> {
        co_await produce(client);
        for (std::int16_t version = 0; version <= 2; ++version) {
            co_await expect_answer(client, deletion("t", 0, 4 + version), ErrorCode::kNone,
                                   4 + version, version);
            EXPECT_EQ(co_await earliest(client, 0), 4 + version);
        }
        EXPECT_EQ(co_await earliest(client, 1), 0);
        const FetchRequest below = fetch_from("t", 5, 0);
        const auto refused = co_await client.ask<FetchResponse>(below, 11);
        EXPECT_EQ(refused->topics[0].partitions[0].error_code, raw(ErrorCode::kOffsetOutOfRange));
        const FetchRequest inside = fetch_from("t", 7, 0);
        const auto served = co_await client.ask<FetchResponse>(inside, 11);
        EXPECT_EQ(served->topics[0].partitions[0].error_code, 0);
        EXPECT_EQ(served->topics[0].partitions[0].log_start_offset, 6);
        const Bytes batch = make_batch();
        const ProduceRequest more = produce_to("t", 0, batch, -1);
        const auto produced = co_await client.ask<ProduceResponse>(more, 9);
        EXPECT_EQ(produced->topics[0].partitions[0].log_start_offset, 6);
    });
}

TEST_P(DeleteRecordsTest, Trap71_MinusOneIsTheHighWatermarkAndNothingBeyondItGoes) {
    with_client([](Client& client) -> Task<> {
        co_await produce(client);
        co_await expect_answer(client, deletion("t", 0, kRecords + 1), ErrorCode::kOffsetOutOfRange,
                               -1);
        co_await expect_answer(client, deletion("t", 0, -2), ErrorCode::kOffsetOutOfRange, -1);
        co_await expect_answer(client, deletion("t", 0, 5), ErrorCode::kNone, 5);
        // Gone already: the answer is where the log begins.
        co_await expect_answer(client, deletion("t", 0, 3), ErrorCode::kNone, 5);
        co_await expect_answer(client, deletion("t", 0, -1), ErrorCode::kNone, kRecords);
        EXPECT_EQ(co_await earliest(client, 0), kRecords);
    });
}

TEST_P(DeleteRecordsTest, UnknownPartitionsAreRefused) {
    with_client([](Client& client) -> Task<> {
        co_await produce(client);
        co_await expect_answer(client, deletion("nowhere", 0, 0),
                               ErrorCode::kUnknownTopicOrPartition, -1);
        co_await expect_answer(client, deletion("t", 2, 0), ErrorCode::kUnknownTopicOrPartition,
                               -1);
        co_await expect_answer(client, deletion("t", -1, 0), ErrorCode::kUnknownTopicOrPartition,
                               -1);
    });
}

TEST_P(DeleteRecordsTest, ManyPartitionsShareARequestAndTheLastWordOnOneCounts) {
    with_client([](Client& client) -> Task<> {
        co_await produce(client);
        DeleteRecordsRequest request = deletion("t", 1, 9);
        request.topics[0].partitions.push_back({0, 2});
        request.topics[0].partitions.push_back({1, 7});
        const auto response = co_await client.ask<DeleteRecordsResponse>(request, 2);
        EXPECT_EQ(response->topics.size(), 1u);
        EXPECT_EQ(response->topics[0].partitions.size(), 2u);
        EXPECT_EQ(co_await earliest(client, 0), 2);
        EXPECT_EQ(co_await earliest(client, 1), 7);
    });
}

TEST_P(DeleteRecordsTest, ATopicThatIsOnlyCompactedKeepsItsRecords) {
    more_ = {{"log.cleanup.policy", "compact"}};
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        co_await expect_answer(client, deletion("t", 0, 0), ErrorCode::kPolicyViolation, -1);
        co_await expect_answer(client, deletion("t", 0, 1), ErrorCode::kPolicyViolation, -1);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, DeleteRecordsTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
