// Clients from before Kafka 0.11: message sets in both directions.
#include "core/storage/message_set_writer.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

class OldClientsTest : public BrokerTest {
protected:
    static Bytes set_of(const MessageFrame& frame, std::int64_t first = 0) {
        Bytes set;
        MessageSetWriter writer(frame, set);
        writer.append(first, 5'000, as_bytes("key"), as_bytes("one"));
        writer.append(first + 1, 5'005, std::nullopt, as_bytes("two"));
        writer.finish();
        return set;
    }

    static Task<ProduceResponse::Partition> produce(Client& client, ByteView records,
                                                    std::int16_t version) {
        const ProduceRequest request = produce_to("t", 0, records, -1);
        const auto response = co_await client.ask<ProduceResponse>(request, version);
        co_return response->topics[0].partitions[0];
    }

    static Task<FetchResponse::Partition> fetch(Client& client, std::int64_t offset,
                                                std::int16_t version, std::int32_t bytes_max) {
        FetchRequest request = fetch_from("t", offset, 0, bytes_max);
        request.max_bytes = 1 << 20;
        auto response = co_await client.ask<FetchResponse>(request, version);
        co_return std::move(response->topics[0].partitions[0]);
    }

    static Task<std::int16_t> produce_code(Client& client, ByteView records, std::int16_t version) {
        const auto answer = co_await produce(client, records, version);
        co_return answer.error_code;
    }

    static Task<std::int16_t> fetch_code(Client& client, std::int64_t offset, std::int16_t version,
                                         std::int32_t bytes_max) {
        const auto answer = co_await fetch(client, offset, version, bytes_max);
        co_return answer.error_code;
    }

    static Task<> make_topic(Client& client) {
        const MetadataRequest request = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(request, 4);
    }
};

INSTANTIATE_TEST_SUITE_P(Shards, OldClientsTest, testing::Values(1, 2));

TEST_P(OldClientsTest, WhatTheySendComesBackInEveryFormat) {
    static constexpr std::array kCodecs = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4};
    const auto scenario = [](Client& client) -> Task<> {
        co_await make_topic(client);
        std::int64_t offset = 0;
        for (const std::int8_t magic : {0, 1}) {
            for (const Codec codec : kCodecs) {
                const auto version = static_cast<std::int16_t>(magic * 2);
                const Bytes sent = set_of({.magic = magic, .codec = codec});
                const auto stored = co_await produce(client, sent, version);
                EXPECT_EQ(stored.error_code, 0);
                EXPECT_EQ(stored.base_offset, offset);
                EXPECT_EQ(stored.log_append_time_ms, -1);
                const Bytes there = set_of({.magic = magic, .codec = codec}, offset);
                const auto same = co_await fetch(client, offset, version, 4'000);
                EXPECT_EQ(same.error_code, 0);
                EXPECT_EQ(same.records->to_bytes(), there) << codec_name(codec) << int{magic};
                const auto newest = co_await fetch(client, offset, 4, 4'000);
                const Bytes batch = newest.records->to_bytes();
                const RecordBatchView view(batch);
                EXPECT_EQ(view.magic(), kMagic);
                EXPECT_EQ(view.codec(), codec);
                EXPECT_EQ(view.base_offset(), Offset{offset});
                EXPECT_EQ(view.max_timestamp(), magic == 0 ? kNoTimestamp : 5'005);
                offset += 2;
            }
        }
    };
    with_client(scenario);
}

TEST_P(OldClientsTest, NothingToAppendIsNoErrorAndDamageIsOne) {
    const auto scenario = [](Client& client) -> Task<> {
        co_await make_topic(client);
        const auto nothing = co_await produce(client, {}, 2);
        EXPECT_EQ(nothing.error_code, 0);
        EXPECT_EQ(nothing.base_offset, -1);
        Bytes damaged = set_of({});
        damaged.back() ^= std::byte{1};
        EXPECT_EQ(co_await produce_code(client, damaged, 2), 2);
        const Bytes set = set_of({});
        EXPECT_EQ(co_await produce_code(client, set, 3), 87) << "from 3 on: batches";
        const Bytes batch = make_batch();
        EXPECT_EQ(co_await produce_code(client, batch, 2), 0);
    };
    with_client(scenario);
}

TEST_P(OldClientsTest, TheirLimitsAreHard) {
    const auto scenario = [](Client& client) -> Task<> {
        co_await make_topic(client);
        const Bytes set = set_of({.codec = Codec::kGzip});
        (void)co_await produce(client, set, 2);
        const auto fitting = co_await fetch(client, 0, 3, 1);
        EXPECT_FALSE(fitting.records->empty()) << "the first comes whole";
        const auto none = co_await fetch(client, 0, 2, 1);
        EXPECT_EQ(none.error_code, 0);
        EXPECT_EQ(none.high_watermark, 2);
        EXPECT_TRUE(none.records->empty());
        const auto all = co_await fetch(client, 0, 2, 10'000);
        EXPECT_FALSE(all.records->empty());
    };
    with_client(scenario);
}

TEST_P(OldClientsTest, ZstdIsNotForThem) {
    const auto scenario = [](Client& client) -> Task<> {
        co_await make_topic(client);
        const Bytes plain = make_batch({.records = 3});
        const Bytes block = compress(Codec::kZstd, RecordBatchView(plain).records());
        Bytes batch(plain.begin(), plain.begin() + kBatchHeaderBytes);
        append_bytes(batch, block);
        store_be(&batch[8], static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
        store_be(&batch[21], static_cast<std::int16_t>(Codec::kZstd));
        seal(batch);
        EXPECT_EQ(co_await produce_code(client, batch, 6), 76);
        EXPECT_EQ(co_await produce_code(client, batch, 7), 0);
        for (const std::int16_t version : {0, 3}) {
            EXPECT_EQ(co_await fetch_code(client, 0, version, 10'000), 76) << version;
        }
        // What needs no conversion comes as it is, whether the client knows the codec or not.
        for (const std::int16_t version : {4, 9, 10}) {
            const auto same = co_await fetch(client, 0, version, 10'000);
            EXPECT_EQ(same.error_code, 0) << version;
            EXPECT_EQ(same.records->to_bytes().size(), batch.size()) << version;
        }
    };
    with_client(scenario);
}

TEST_P(OldClientsTest, ATopicOfZstdIsNotForThem) {
    more_ = {{"compression.type", "zstd"}};
    const auto scenario = [](Client& client) -> Task<> {
        co_await make_topic(client);
        const Bytes batch = make_batch();
        EXPECT_EQ(co_await produce_code(client, batch, 7), 0);
        for (const std::int16_t version : {0, 3, 9}) {
            EXPECT_EQ(co_await fetch_code(client, 0, version, 10'000), 76) << version;
        }
        EXPECT_EQ(co_await fetch_code(client, 0, 10, 10'000), 0);
    };
    with_client(scenario);
}

}  // namespace
}  // namespace millrace
