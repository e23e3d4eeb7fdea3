// A broker on several threads: many connections, all partitions, one log directory whose logs
// change their shards from start to start.
#include "cluster/brokerd/broker.hpp"
#include "core/runtime/shard_call.hpp"
#include "protocol/error_code.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/list_offsets.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/sim/client.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/on_shards.hpp"
#include "tests/support/one_partition.hpp"

#include <map>

namespace millrace {
namespace {

constexpr std::int32_t kPartitions = 7;
constexpr int kProducers = 6;
constexpr int kBatches = 30;  // of each producer, one to every partition in turn

class ShardedBrokerTest : public OnShards {
protected:
    BrokerConfig config() const {
        BrokerConfig config = read_config({{"listeners", "PLAINTEXT://127.0.0.1:0"},
                                           {"log.dirs", folder_ + "/a," + folder_ + "/b"},
                                           {"num.partitions", std::to_string(kPartitions)}})
                                  .config;
        config.journal_bytes = 8 << 20;
        return config;
    }

    /// A life of a broker on `shards` shards around `scenario(world, port)`.
    template <class Scenario>
    void live(ShardNumber shards, Scenario scenario) {
        take_new_shards(shards);
        Logger logger = logger_.on(*world_);
        const auto whole = [this, &scenario, &logger]() -> Task<> {
            const BrokerConfig settings = config();
            auto broker = co_await Broker::start(*world_, logger, settings);
            EXPECT_TRUE(broker);
            if (!broker) co_return;
            co_await scenario(*world_, (*broker)->port());
            EXPECT_TRUE(co_await (*broker)->stop());
        };
        run(whole());
    }
};

Task<> make_topic(World& world, std::uint16_t port) {
    sim::Client client(world, port);
    MetadataRequest request;
    request.topics.emplace().emplace_back().name = "t";
    const auto created = co_await client.ask<MetadataResponse>(request, 9);
    EXPECT_TRUE(created);
    const auto known = co_await client.ask<MetadataResponse>(request, 9);
    EXPECT_EQ(known->topics.at(0).partitions.size(), static_cast<std::size_t>(kPartitions));
    co_await client.drop();
}

/// One request after the other, each with a batch for every partition.
Task<> produce(World& world, std::uint16_t port, int producer) {
    sim::Client client(world, port);
    std::vector<std::int64_t> last(kPartitions, -1);
    for (int i = 0; i < kBatches; ++i) {
        const Bytes batch = make_batch({.records = 2, .base_timestamp = 1000 + producer});
        std::vector<Bytes> batches(kPartitions, batch);
        ProduceRequest request;
        request.acks = i % 3 == 0 ? 1 : -1;
        request.timeout_ms = 60'000;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
            topic.partitions.emplace_back().index = partition;
            topic.partitions.back().records =
                ByteView(batches[static_cast<std::size_t>(partition)]);
        }
        const auto response = co_await client.ask<ProduceResponse>(request, 9);
        EXPECT_TRUE(response);
        if (!response) break;
        for (const auto& answer : response->topics.at(0).partitions) {
            EXPECT_EQ(answer.error_code, 0);
            auto& before = last[static_cast<std::size_t>(answer.index)];
            EXPECT_GT(answer.base_offset, before);
            before = answer.base_offset;
        }
    }
    co_await client.drop();
}

FetchRequest fetch_all(const std::vector<std::int64_t>& from, std::int32_t wait_ms) {
    FetchRequest request;
    request.max_wait_ms = wait_ms;
    request.min_bytes = 1;
    request.max_bytes = 5'000;
    request.session_epoch = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        topic.partitions.emplace_back().index = partition;
        topic.partitions.back().fetch_offset = from[static_cast<std::size_t>(partition)];
        topic.partitions.back().partition_max_bytes = 2'000;
    }
    return request;
}

/// Reads all partitions in one request each time until `wanted` offsets of each have been seen.
Task<> consume(World& world, std::uint16_t port, std::int64_t wanted) {
    sim::Client client(world, port);
    std::vector<std::int64_t> next(kPartitions, 0);
    const auto done = [&] {
        return std::all_of(next.begin(), next.end(), [&](auto at) { return at >= wanted; });
    };
    while (!done()) {
        const FetchRequest request = fetch_all(next, 1'000);
        const auto response = co_await client.ask<FetchResponse>(request, 12);
        EXPECT_TRUE(response);
        if (!response) break;
        std::size_t bytes = 0;
        for (const auto& answer : response->topics.at(0).partitions) {
            EXPECT_EQ(answer.error_code, 0);
            const Bytes records = answer.records ? answer.records->to_bytes() : Bytes();
            bytes += records.size();
            auto& at = next[static_cast<std::size_t>(answer.index)];
            for (ByteView rest = records; !rest.empty();) {
                const RecordBatchView batch(rest);
                EXPECT_EQ(batch.base_offset().value, at);
                at = batch.last_offset().value + 1;
                rest = rest.subspan(batch.size_in_bytes());
            }
        }
        EXPECT_LE(bytes, 5'000u);
        // The turn of the partitions would be the client's business; here the first must not starve
        // the others.
        if (bytes == 0) continue;
    }
    EXPECT_EQ(next, std::vector<std::int64_t>(kPartitions, wanted));
    co_await client.drop();
}

Task<> check_ends(World& world, std::uint16_t port, std::int64_t end) {
    sim::Client client(world, port);
    ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        topic.partitions.emplace_back().index = partition;
        topic.partitions.back().timestamp = -1;
    }
    const auto response = co_await client.ask<ListOffsetsResponse>(request, 7);
    EXPECT_TRUE(response);
    for (const auto& answer : response->topics.at(0).partitions) EXPECT_EQ(answer.offset, end);
    co_await client.drop();
}

Task<> produce_and_consume(World& world, std::uint16_t port, std::int64_t before) {
    const std::int64_t end = before + std::int64_t{kProducers} * kBatches * 2;
    co_await make_topic(world, port);
    Gate gate(world);
    for (int i = 0; i < 3; ++i) gate.spawn(consume(world, port, end));
    for (int i = 0; i < kProducers; ++i) gate.spawn(produce(world, port, i));
    co_await gate.close();
    co_await check_ends(world, port, end);
}

/// Whether a shard has time for one is the machine's chance here, and a seed's in
/// tests/sim/connection_home_test.cpp.
TEST_P(ShardedBrokerTest, ConnectionsThatMayLeaveLoseNothing) {
    constexpr int kBatchesOfOne = 150;
    live(GetParam(), [](World& world, std::uint16_t port) -> Task<> {
        co_await make_topic(world, port);
        Gate gate(world);
        for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
            gate.spawn(produce_in_row(world, port, partition, kBatchesOfOne));
        }
        co_await gate.close();
        co_await check_ends(world, port, 2 * kBatchesOfOne);
    });
}

TEST_P(ShardedBrokerTest, LogsGoOnWhateverTheNumberOfShards) {
    std::int64_t before = 0;
    for (const ShardNumber shards : {GetParam(), ShardNumber{1}, ShardNumber{5}, ShardNumber{2}}) {
        live(shards, [&before](World& world, std::uint16_t port) {
            return produce_and_consume(world, port, before);
        });
        before += std::int64_t{kProducers} * kBatches * 2;
        EXPECT_FALSE(lines_.contain("recovered"));
    }
}

TEST_P(ShardedBrokerTest, ATopicIsKnownOnEveryShardWhenItsCreationIsAnswered) {
    live(GetParam(), [](World& world, std::uint16_t port) -> Task<> {
        co_await make_topic(world, port);
        // Connections are spread over the shards: some of these come in by another one.
        for (int i = 0; i < 20; ++i) {
            sim::Client client(world, port);
            MetadataRequest request;
            request.allow_auto_topic_creation = false;
            request.topics.emplace().emplace_back().name = "t";
            const auto known = co_await client.ask<MetadataResponse>(request, 9);
            EXPECT_EQ(known->topics.at(0).error_code, 0);
            co_await client.drop();
        }
    });
}

TEST_P(ShardedBrokerTest, AStopEndsLongPollsOfAllShards) {
    live(GetParam(), [](World& world, std::uint16_t port) -> Task<> {
        co_await make_topic(world, port);
        const auto poll = [](World& where, std::uint16_t at) -> Task<> {
            sim::Client client(where, at);
            const FetchRequest request =
                fetch_all(std::vector<std::int64_t>(kPartitions, 0), 600'000);
            (void)co_await client.ask<FetchResponse>(request, 12);
            co_await client.drop();
        };
        for (int i = 0; i < 10; ++i) spawn(world, poll(world, port));
        co_await sleep_for(world, std::chrono::milliseconds(50));
    });
}

TEST_P(ShardedBrokerTest, APortThatSomebodyListensAtIsRefused) {
    live(GetParam(), [this](World& world, std::uint16_t port) -> Task<> {
        BrokerConfig other = config();
        other.log_dirs = {folder_ + "/other"};
        other.listeners.front().port = port;
        Logger logger = logger_.on(world);
        const auto second = co_await Broker::start(world, logger, other);
        EXPECT_FALSE(second);
    });
    EXPECT_TRUE(lines_.contain("cannot listen"));
}

INSTANTIATE_TEST_SUITE_P(Shards, ShardedBrokerTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
