// What a fetch reads, and when, on one shard and on several.
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

namespace millrace {
namespace {

class FetchTest : public BrokerTest {};

TEST_P(FetchTest, AFetchOfManyPartitionsReadsNoMoreThanItSends) {
    std::size_t received = 0;
    with_client([&received](Client& client) -> Task<> {
        const Bytes batch = make_batch({.value_bytes = 5'000});
        FetchRequest request = fetch_from("", 0, 0);
        request.topics.clear();
        const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
        for (const std::string& name : names) {
            const MetadataRequest metadata = metadata_of(name);
            (void)co_await client.ask<MetadataResponse>(metadata, 9);
            auto& wanted = request.topics.emplace_back();
            wanted.name = name;
            for (std::int32_t i = 0; i < 20; ++i) {
                const ProduceRequest produce = produce_to(name, i % 2, batch, -1);
                (void)co_await client.ask<ProduceResponse>(produce, 9);
                if (i >= 2) continue;
                wanted.partitions.emplace_back().index = i;
                wanted.partitions.back().partition_max_bytes = 1 << 20;
            }
        }
        const auto fetch = [&](std::int32_t bytes_max) -> Task<std::size_t> {
            request.max_bytes = bytes_max;
            const auto response = co_await client.ask<FetchResponse>(request, 11);
            std::size_t bytes = 0;
            for (const auto& topic : response->topics) {
                for (const auto& partition : topic.partitions) {
                    EXPECT_EQ(partition.error_code, 0);
                    EXPECT_EQ(partition.high_watermark, 10);
                    bytes += partition.records->size();
                }
            }
            received += bytes;
            co_return bytes;
        };
        EXPECT_EQ(co_await fetch(1), batch.size()) << "the first batch of all comes whole";
        const std::size_t some = co_await fetch(40'000);
        EXPECT_LE(some, 40'000u);
        EXPECT_GT(some, 30'000u);
        EXPECT_EQ(co_await fetch(10 << 20), 120 * batch.size());
    });
    EXPECT_EQ(figures_.total("millrace_delivered_bytes_total"), received);
}

TEST_P(FetchTest, AFetchForManyBytesWaitsForThemAndReadsOnce) {
    constexpr int kBatches = 20;
    const Bytes batch = make_batch({.value_bytes = 500});
    with_client([this, &batch](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        auto stream = co_await Stream::connect(*world_, "127.0.0.1", port_);
        Client waiting(*world_, std::move(*stream));
        FetchRequest request = fetch_from("t", 0, 600'000);
        request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
        request.topics[0].partitions[1].index = 1;
        request.min_bytes = static_cast<std::int32_t>(kBatches * batch.size());
        co_await waiting.send(request, 11);
        for (int i = 0; i < kBatches; ++i) {
            const ProduceRequest produce = produce_to("t", i % 2, batch, -1);
            (void)co_await client.ask<ProduceResponse>(produce, 9);
        }
        const auto response = co_await waiting.receive<FetchResponse>(11);
        for (const auto& partition : response->topics[0].partitions) {
            EXPECT_EQ(partition.records->size(), kBatches / 2 * batch.size());
        }
        co_await waiting.close();
    });
    EXPECT_EQ(figures_.total("millrace_delivered_bytes_total"), kBatches * batch.size());
}

INSTANTIATE_TEST_SUITE_P(Shards, FetchTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
