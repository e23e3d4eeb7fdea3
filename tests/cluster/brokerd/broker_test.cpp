// A whole broker on real rings, on one shard and on three, talked to in Kafka's bytes by a client
// on shard 0.
#include "cluster/brokerd/broker.hpp"

#include "core/runtime/timer.hpp"
#include "protocol/error_code.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace millrace {
namespace {

TEST_P(BrokerTest, Trap1_ApiVersionsFromTheFutureIsAnsweredInVersionZero) {
    with_client([](Client& client) -> Task<> {
        Writer writer;
        start_frame(writer);
        encode_request_header(writer, {ApiVersionsRequest::kApiKey, 99, 1, "test"});
        finish_frame(writer);
        const Bytes bytes = writer.to_bytes();
        co_await client.send_bytes(bytes);
        const auto response = co_await client.receive<ApiVersionsResponse>(0);
        EXPECT_EQ(response->error_code, raw(ErrorCode::kUnsupportedVersion));
        EXPECT_EQ(response->api_keys.size(), 1u);
        EXPECT_EQ(response->api_keys[0].api_key, 18);
        EXPECT_EQ(response->api_keys[0].max_version, 4);
    });
}

TEST_P(BrokerTest, ApiVersionsListsOnlyWhatHasAHandler) {
    with_client([](Client& client) -> Task<> {
        ApiVersionsRequest request;
        request.client_software_name = "test";
        request.client_software_version = "1.0";
        const auto response = co_await client.ask<ApiVersionsResponse>(request, 3);
        EXPECT_EQ(response->error_code, 0);
        std::vector<int> keys;
        for (const auto& api : response->api_keys) keys.push_back(api.api_key);
        EXPECT_EQ(keys,
                  (std::vector<int>{0,  1,  2,  3,  8,  9,  10, 11, 12, 13, 14, 15, 16, 18, 19,
                                    20, 21, 22, 23, 32, 33, 35, 37, 42, 44, 47, 60, 61, 68, 69}));

        request.client_software_name = "-bad-";
        const auto refused = co_await client.ask<ApiVersionsResponse>(request, 3);
        EXPECT_EQ(refused->error_code, raw(ErrorCode::kInvalidRequest));
    });
}

TEST_P(BrokerTest, WithoutAHostToAdvertiseAClientIsToldTheOneItUsed) {
    const auto scenario = [this]() -> Task<> {
        BrokerConfig config = make_config();
        config.listeners = {{"", 0}};
        config.advertised = {{"", 0}};
        const auto broker = co_await Broker::start(*world_, logger_, config);
        EXPECT_TRUE(broker);
        const MetadataRequest nothing{.topics = std::vector<MetadataRequest::Topic>{}};
        for (const std::string host : {"127.0.0.1", "127.0.0.2", "::1"}) {
            auto stream = co_await Stream::connect(*world_, host, (*broker)->port());
            // A machine may be without IPv6.
            if (!stream) continue;
            Client client(*world_, std::move(*stream));
            const auto response = co_await client.ask<MetadataResponse>(nothing, 9);
            EXPECT_EQ(response->brokers[0].host, host);
            EXPECT_EQ(response->brokers[0].port, (*broker)->port());
            co_await client.close();
        }
        EXPECT_TRUE(co_await (*broker)->stop());
    };
    run(scenario());
}

TEST_P(BrokerTest, Trap23_AutoCreationAnswersLeaderNotAvailableFirst) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest request = metadata_of("fresh");
        const auto first = co_await client.ask<MetadataResponse>(request, 9);
        EXPECT_EQ(first->topics[0].error_code, raw(ErrorCode::kLeaderNotAvailable));
        const auto second = co_await client.ask<MetadataResponse>(request, 12);
        EXPECT_EQ(second->topics[0].error_code, 0);
        EXPECT_EQ(second->topics[0].partitions.size(), 2u);
        EXPECT_FALSE(second->topics[0].topic_id.is_zero());
        const MetadataRequest bad = metadata_of("no/such");
        const auto invalid = co_await client.ask<MetadataResponse>(bad, 9);
        EXPECT_EQ(invalid->topics[0].error_code, raw(ErrorCode::kInvalidTopicException));
        const MetadataRequest close_by = metadata_of("a.b");
        (void)co_await client.ask<MetadataResponse>(close_by, 9);
        const MetadataRequest colliding = metadata_of("a_b");
        const auto collides = co_await client.ask<MetadataResponse>(colliding, 9);
        EXPECT_EQ(collides->topics[0].error_code, raw(ErrorCode::kInvalidTopicException));
    });
}

TEST_P(BrokerTest, ProducedBatchesComeBackInEveryServedVersion) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        const auto created = co_await client.ask<MetadataResponse>(metadata, 9);
        EXPECT_TRUE(created);
        const auto known = co_await client.ask<MetadataResponse>(metadata, 12);
        std::int64_t offset = 0;
        for (std::int16_t version = 3; version <= 11; ++version) {
            const Bytes batch = make_batch({.records = 2});
            const ProduceRequest request = produce_to("t", 0, batch, version % 2 == 0 ? 1 : -1);
            const auto response = co_await client.ask<ProduceResponse>(request, version);
            EXPECT_EQ(response->topics[0].partitions[0].error_code, 0);
            EXPECT_EQ(response->topics[0].partitions[0].base_offset, offset);
            offset += 2;
        }
        for (std::int16_t version = 4; version <= 17; ++version) {
            FetchRequest request = fetch_from("t", 3, 0);
            if (version >= 13) request.topics[0].topic_id = known->topics[0].topic_id;
            const auto response = co_await client.ask<FetchResponse>(request, version);
            const auto& partition = response->topics[0].partitions[0];
            EXPECT_EQ(partition.error_code, 0) << version;
            EXPECT_EQ(partition.high_watermark, offset);
            const Bytes records = partition.records->to_bytes();
            EXPECT_EQ(RecordBatchView(records).base_offset(), Offset{2});
        }
    });
}

TEST_P(BrokerTest, ProduceErrorsAreKafkas) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const auto code_of = [&client](ProduceRequest request) -> Task<std::int16_t> {
            const auto response = co_await client.ask<ProduceResponse>(request, 7);
            co_return response->topics[0].partitions[0].error_code;
        };
        const Bytes good = make_batch();
        Bytes corrupt = good;
        corrupt.back() ^= std::byte{1};
        EXPECT_EQ(co_await code_of(produce_to("t", 0, good, 2)), 21);
        EXPECT_EQ(co_await code_of(produce_to("t", 9, good, 1)), 3);
        EXPECT_EQ(co_await code_of(produce_to("nowhere", 0, good, 1)), 3);
        EXPECT_EQ(co_await code_of(produce_to("t", 0, corrupt, 1)), 2);
        EXPECT_EQ(co_await code_of(produce_to("t", 0, {}, 1)), 87);
        EXPECT_EQ(co_await code_of(produce_to("__consumer_offsets", 0, good, 1)), 17);
        const Bytes transactional = make_batch({.attributes = 16});
        EXPECT_EQ(co_await code_of(produce_to("t", 0, transactional, 1)), 53);
        const Bytes unknown_codec = make_batch({.attributes = 6});
        EXPECT_EQ(co_await code_of(produce_to("t", 0, unknown_codec, 1)), 76);
        const Bytes no_gzip = make_batch({.attributes = 1});
        EXPECT_EQ(co_await code_of(produce_to("t", 0, no_gzip, 1)), -1);
        const Bytes large = make_batch({.value_bytes = 2 << 20});
        EXPECT_EQ(co_await code_of(produce_to("t", 0, large, 1)), 10);
    });
}

TEST_P(BrokerTest, Trap6_PipelinedRequestsAreAnsweredInOrder) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch();
        const ProduceRequest request = produce_to("t", 1, batch, -1);
        for (int i = 0; i < 200; ++i) co_await client.send(request, 9);
        for (int i = 0; i < 200; ++i) {
            const auto response = co_await client.receive<ProduceResponse>(9);
            EXPECT_EQ(response->topics[0].partitions[0].base_offset, i);
        }
    });
}

TEST_P(BrokerTest, Trap7_AcksZeroIsNotAnsweredAndAnErrorCloses) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch();
        const ProduceRequest silent = produce_to("t", 0, batch, 0);
        co_await client.send(silent, 9);
        const ProduceRequest bad = produce_to("nowhere", 0, batch, 0);
        co_await client.send(bad, 9);
        const auto closed = co_await client.receive<ProduceResponse>(9);
        EXPECT_EQ(closed.error(), make_error_code(Errc::kEndOfStream));
    });
    EXPECT_TRUE(lines_.contain("a batch with acks=0 was refused"));
}

TEST_P(BrokerTest, AnEmptyFetchWaitsForItsTimeAndIsWokenByABatch) {
    with_client([this](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const FetchRequest request = fetch_from("t", 0, 30);
        const Time before = world_->now();
        const auto empty = co_await client.ask<FetchResponse>(request, 11);
        EXPECT_GE(world_->now() - before, std::chrono::milliseconds(30));
        EXPECT_TRUE(empty->topics[0].partitions[0].records->empty());
        const FetchRequest behind = fetch_from("t", 5, 10'000);
        const auto error = co_await client.ask<FetchResponse>(behind, 11);
        EXPECT_EQ(error->topics[0].partitions[0].error_code, 1);
    });
}

TEST_P(BrokerTest, ListOffsetsFindsTheRecordAtATime) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch({.records = 10, .base_timestamp = 5000});
        const ProduceRequest produce = produce_to("t", 0, batch, -1);
        (void)co_await client.ask<ProduceResponse>(produce, 9);
        const auto offset_at = [&client](TimestampMs timestamp,
                                         std::int16_t version) -> Task<std::int64_t> {
            ListOffsetsRequest request;
            auto& topic = request.topics.emplace_back();
            topic.name = "t";
            topic.partitions.emplace_back().timestamp = timestamp;
            const auto response = co_await client.ask<ListOffsetsResponse>(request, version);
            const auto& partition = response->topics[0].partitions[0];
            co_return partition.error_code != 0 ? -1000 - partition.error_code : partition.offset;
        };
        EXPECT_EQ(co_await offset_at(-1, 1), 10);
        EXPECT_EQ(co_await offset_at(-2, 9), 0);
        EXPECT_EQ(co_await offset_at(5003, 7), 3);
        EXPECT_EQ(co_await offset_at(-3, 7), 9);
        EXPECT_EQ(co_await offset_at(9000, 7), -1);
        EXPECT_EQ(co_await offset_at(-3, 6), -1035);
        EXPECT_EQ(co_await offset_at(-77, 9), -1035);
    });
}

TEST_P(BrokerTest, Trap69_ListOffsetsOfVersionZeroListsOffsets) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const auto list = [&client](TimestampMs timestamp, std::int32_t most) -> Task<std::string> {
            ListOffsetsRequest request;
            auto& topic = request.topics.emplace_back();
            topic.name = "t";
            topic.partitions.emplace_back().timestamp = timestamp;
            topic.partitions.back().offsets_max = most;
            const auto response = co_await client.ask<ListOffsetsResponse>(request, 0);
            const auto& partition = response->topics[0].partitions[0];
            EXPECT_EQ(partition.error_code, 0);
            std::string listed;
            for (const std::int64_t offset : partition.old_style_offsets) {
                listed += std::to_string(offset) + " ";
            }
            co_return listed;
        };
        EXPECT_EQ(co_await list(-1, 10), "0 ");
        EXPECT_EQ(co_await list(0, 10), "");
        const Bytes batch = make_batch({.records = 10, .base_timestamp = 5000});
        const ProduceRequest produce = produce_to("t", 0, batch, -1);
        (void)co_await client.ask<ProduceResponse>(produce, 9);
        EXPECT_EQ(co_await list(-1, 1), "10 ");
        EXPECT_EQ(co_await list(-1, 10), "10 0 ");
        EXPECT_EQ(co_await list(-2, 10), "0 ");
        EXPECT_EQ(co_await list(5009, 10), "0 ");
        EXPECT_EQ(co_await list(5008, 10), "");
        DeleteRecordsRequest deletion;
        deletion.timeout_ms = 1000;
        deletion.topics.emplace_back().name = "t";
        deletion.topics[0].partitions.emplace_back().offset = 4;
        (void)co_await client.ask<DeleteRecordsResponse>(deletion, 2);
        EXPECT_EQ(co_await list(-1, 10), "10 4 ");
        EXPECT_EQ(co_await list(-2, 10), "4 ");
        EXPECT_EQ(co_await list(-1, -4), "");
    });
}

TEST_P(BrokerTest, Trap68_APartitionNamedTwiceIsAnInvalidRequest) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        ListOffsetsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        const std::vector<std::int32_t> indexes{0, 1, 0};
        for (const std::int32_t index : indexes) {
            topic.partitions.emplace_back().index = index;
            topic.partitions.back().timestamp = -1;
        }
        const auto response = co_await client.ask<ListOffsetsResponse>(request, 7);
        const auto& partitions = response->topics[0].partitions;
        EXPECT_EQ(partitions[0].error_code, raw(ErrorCode::kInvalidRequest));
        EXPECT_EQ(partitions[1].error_code, 0);
        EXPECT_EQ(partitions[2].error_code, raw(ErrorCode::kInvalidRequest));
    });
}

TEST_P(BrokerTest, WhatHappensIsCounted) {
    with_client([](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch();
        const ProduceRequest produce = produce_to("t", 0, batch, -1);
        (void)co_await client.ask<ProduceResponse>(produce, 9);
        (void)co_await client.ask<ProduceResponse>(produce, 9);
    });
    const MetricsSnapshot& all = figures_;
    EXPECT_EQ(
        std::get<Counter>(all.values.at({"millrace_requests_total", {{"api", "Produce"}}})).value,
        2u);
    EXPECT_EQ(all.total("millrace_requests_total"), 3u);
    EXPECT_EQ(all.total("millrace_batches_appended_total"), 2u);
    EXPECT_EQ(all.total("millrace_connections_accepted_total"), 1u);
    EXPECT_EQ(std::get<Gauge>(all.values.at({"millrace_connections", {}})).value, 0);
    EXPECT_GT(all.total("millrace_journal_frames_total"), 1u);
    EXPECT_GT(all.total("millrace_bytes_received_total"), 2 * make_batch().size());
    EXPECT_GT(all.total("millrace_bytes_filled_total"), 0u);
    EXPECT_TRUE(lines_.contain("served since the start"));
}

TEST_P(BrokerTest, Trap107_AFrameOverTheLimitClosesTheConnection) {
    with_client([](Client& client) -> Task<> {
        Bytes size(4);
        store_be(size.data(), std::int32_t{0x7fffffff});
        co_await client.send_bytes(size);
        const auto closed = co_await client.receive<MetadataResponse>(9);
        EXPECT_EQ(closed.error(), make_error_code(Errc::kEndOfStream));
    });
    EXPECT_TRUE(lines_.contain("its request's size is not allowed"));
}

TEST_P(BrokerTest, Trap5_AnApiThatIsNotServedClosesTheConnection) {
    with_client([](Client& client) -> Task<> {
        Writer writer;
        start_frame(writer);
        encode_request_header(writer, {28, 2, 1, "test"});
        finish_frame(writer);
        const Bytes bytes = writer.to_bytes();
        co_await client.send_bytes(bytes);
        const auto closed = co_await client.receive<MetadataResponse>(9);
        EXPECT_FALSE(closed);
    });
    EXPECT_TRUE(lines_.contain("is not served"));
}

TEST_P(BrokerTest, ARestartKeepsTopicsAndRecordsAndRaisesTheEpoch) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig config = make_config();
        for (std::int32_t life = 0; life < 3; ++life) {
            auto broker = co_await Broker::start(*world_, logger_, config);
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", (*broker)->port());
            Client client(*world_, std::move(*stream));
            const MetadataRequest metadata = metadata_of("t");
            (void)co_await client.ask<MetadataResponse>(metadata, 9);
            const auto known = co_await client.ask<MetadataResponse>(metadata, 9);
            EXPECT_EQ(known->topics[0].partitions[0].leader_epoch, life);
            const Bytes batch = make_batch();
            const ProduceRequest produce = produce_to("t", 0, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(produce, 9);
            EXPECT_EQ(response->topics[0].partitions[0].base_offset, life);
            co_await client.close();
            EXPECT_TRUE(co_await (*broker)->stop());
            broker->reset();
        }
    };
    run(scenario());
}

TEST_P(BrokerTest, APartitionWhoseCreationWasCutShortIsMadeAtTheNextStart) {
    const std::vector<std::string> leftovers{"", "partition.metadata.tmp", ""};
    const auto scenario = [this, &leftovers]() -> Task<> {
        const BrokerConfig config = make_config();
        for (const std::string& left : leftovers) {
            auto broker = co_await Broker::start(*world_, logger_, config);
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", (*broker)->port());
            Client client(*world_, std::move(*stream));
            const MetadataRequest metadata = metadata_of("t");
            (void)co_await client.ask<MetadataResponse>(metadata, 9);
            const auto known = co_await client.ask<MetadataResponse>(metadata, 9);
            EXPECT_EQ(known->topics[0].partitions[0].error_code, 0);
            const Bytes batch = make_batch();
            const ProduceRequest produce = produce_to("t", 0, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(produce, 9);
            EXPECT_EQ(response->topics[0].partitions[0].error_code, 0);
            co_await client.close();
            EXPECT_TRUE(co_await (*broker)->stop());
            broker->reset();
            const std::filesystem::path folder = folder_ + "/data/t-0";
            std::filesystem::remove_all(folder);
            std::filesystem::create_directory(folder);
            if (!left.empty()) std::ofstream(folder / left) << "version: 0";
        }
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("half made"));
}

TEST_P(BrokerTest, ATopicThatAnotherBrokerHasMadeAnewIsServedUnderItsNewId) {
    const std::string remade = "version: 0\ntopic_id: pGvLJKOlRuGLYXKLVfHkzQ";
    const auto scenario = [&]() -> Task<> {
        const BrokerConfig config = make_config();
        for (std::int32_t life = 0; life < 3; ++life) {
            auto broker = co_await Broker::start(*world_, logger_, config);
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", (*broker)->port());
            Client client(*world_, std::move(*stream));
            const MetadataRequest metadata = metadata_of("t");
            (void)co_await client.ask<MetadataResponse>(metadata, 12);
            const auto known = co_await client.ask<MetadataResponse>(metadata, 12);
            EXPECT_EQ(known->topics[0].partitions[0].error_code, 0);
            EXPECT_EQ(known->topics[0].partitions[0].leader_epoch, life);
            const std::string id = known->topics[0].topic_id.to_string();
            EXPECT_EQ(id == "pGvLJKOlRuGLYXKLVfHkzQ", life > 0);
            co_await client.close();
            EXPECT_TRUE(co_await (*broker)->stop());
            broker->reset();
            for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/data")) {
                if (entry.is_directory()) {
                    std::ofstream(entry.path() / "partition.metadata") << remade;
                }
            }
        }
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("adopted a topic"));
}

TEST_P(BrokerTest, AdoptedInternalTopicsAreCompacted) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig config = make_config();
        for (std::int32_t life = 0; life < 2; ++life) {
            auto broker = co_await Broker::start(*world_, logger_, config);
            EXPECT_TRUE(co_await (*broker)->stop());
            broker->reset();
            const std::filesystem::path folder = folder_ + "/data/__consumer_offsets-0";
            std::filesystem::create_directory(folder);
            std::ofstream(folder / "00000000000000000000.log").flush();
            std::ofstream(folder / "partition.metadata")
                << "version: 0\ntopic_id: pGvLJKOlRuGLYXKLVfHkzQ";
        }
    };
    run(scenario());
    std::ifstream store(folder_ + "/data/millrace.store");
    const std::string content(std::istreambuf_iterator<char>(store), {});
    EXPECT_NE(content.find("__consumer_offsets"), std::string::npos);
    EXPECT_NE(content.find("config cleanup.policy compact"), std::string::npos);
}

TEST_P(BrokerTest, ADirectoryOfAnotherBrokerIsRefusedWithTheReason) {
    const auto scenario = [this]() -> Task<> {
        BrokerConfig config = make_config();
        auto broker = co_await Broker::start(*world_, logger_, config);
        EXPECT_TRUE(co_await (*broker)->stop());
        broker->reset();
        config.broker_id = 7;
        const auto refused = co_await Broker::start(*world_, logger_, config);
        EXPECT_EQ(refused.error(), make_error_code(Errc::kWrongDirectory));
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("meta.properties names another broker or cluster"));
}

TEST_P(BrokerTest, ADirectoryInUseIsRefused) {
    const auto scenario = [this]() -> Task<> {
        const BrokerConfig config = make_config();
        auto broker = co_await Broker::start(*world_, logger_, config);
        const auto second = co_await Broker::start(*world_, logger_, config);
        EXPECT_EQ(second.error(), make_error_code(Errc::kDirectoryInUse));
        EXPECT_TRUE(co_await (*broker)->stop());
        broker->reset();
    };
    run(scenario());
}

TEST_P(BrokerTest, AnyBrokersDirectoryCanBeRecoveredButOnlyADirectory) {
    const auto scenario = [this]() -> Task<> {
        BrokerConfig config = make_config();
        config.broker_id = 7;
        auto broker = co_await Broker::start(*world_, logger_, config);
        EXPECT_TRUE(co_await (*broker)->stop());
        broker->reset();
        Topics::Options options = topic_options(config);
        options.broker_id = DirectoryIdentity::kAnyBroker;
        const auto topics = co_await Topics::open(*world_, logger_, options);
        EXPECT_TRUE(topics);
        EXPECT_TRUE(co_await (*topics)->close());
        options.log_dirs = {folder_ + "/elsewhere"};
        const auto missing = co_await Topics::open(*world_, logger_, options);
        EXPECT_EQ(missing.error(), system_error(ENOENT));
        std::filesystem::create_directory(options.log_dirs.front());
        const auto refused = co_await Topics::open(*world_, logger_, options);
        EXPECT_EQ(refused.error(), make_error_code(Errc::kWrongDirectory));
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("it has no meta.properties"));
}

INSTANTIATE_TEST_SUITE_P(Shards, BrokerTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
