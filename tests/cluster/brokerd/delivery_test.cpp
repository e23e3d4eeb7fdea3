// What a fetch returns is what was produced, byte for byte, on whichever path its bytes take: out
// of memory, out of the page cache by each method, to slow readers, to readers that vanish, and
// from files that are removed meanwhile.
#include "cluster/brokerd/broker.hpp"
#include "cluster/brokerd/figures.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/base/prng.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/on_shards.hpp"
#include "tests/support/requests.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kFetchVersion = 12;
constexpr std::int32_t kWaitMs = 5'000;

struct Way {
    const char* name;
    DeliveryPath path;
    bool direct_writes;
    ShardNumber shards;
    const char* counted;  // what must have gone this way
};

class DeliveryTest : public testing::TestWithParam<Way>, protected ShardsInFolder {
protected:
    DeliveryTest() : ShardsInFolder(GetParam().shards) {}

    /// Produces, starts `scenario(client)`, and stops the broker.
    template <class Scenario>
    void with_data(Scenario scenario) {
        const auto whole = [this, &scenario]() -> Task<> {
            Logger logger(*world_, lines_, LogFormat::kText);
            const BrokerConfig config = make_config();
            auto broker = co_await Broker::start(*world_, logger, config);
            port_ = (*broker)->port();
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", port_);
            Client client(*world_, std::move(*stream));
            co_await produce(client);
            co_await scenario(client);
            co_await client.close();
            figures_ = co_await figures_of_all(*world_);
            (void)co_await (*broker)->stop();
        };
        run(whole());
    }

    BrokerConfig make_config() const {
        BrokerConfig config =
            read_config({{"listeners", "PLAINTEXT://127.0.0.1:0"}, {"log.dirs", folder_ + "/data"}})
                .config;
        config.topic.segment_bytes = 1 << 20;
        config.cache_bytes = 4 << 20;
        config.direct_writes = GetParam().direct_writes;
        config.delivery = GetParam().path;
        return config;
    }

    /// Twelve segments' worth of batches, most of them in no memory any more.
    Task<> produce(Client& client) {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        Prng prng(7);
        std::int64_t next = 0;
        while (expected_.size() < (12 << 20)) {
            Bytes batch = make_batch({.records = 2,
                                      .value_bytes = 1 + prng.next() % 40'000,
                                      .base_timestamp = 1000 + next});
            const ProduceRequest request = produce_to("t", 0, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(request, 9);
            EXPECT_EQ(response->topics[0].partitions[0].base_offset, next);
            assign_offset_and_epoch(batch, Offset{next}, LeaderEpoch{0});
            starts_.emplace(next, expected_.size());
            append_bytes(expected_, batch);
            next += 2;
        }
        end_ = next;
    }

    /// Receives an answer to a fetch from `offset`, checks its bytes, and returns the next offset.
    Task<std::int64_t> receive(Client& client, std::int64_t offset) {
        const auto response = co_await client.receive<FetchResponse>(kFetchVersion);
        EXPECT_TRUE(response);
        if (!response) co_return end_;
        const auto& partition = response->topics[0].partitions[0];
        EXPECT_EQ(partition.error_code, 0);
        const Bytes records = partition.records->to_bytes();
        const std::size_t at = starts_.at(offset);
        const Bytes wanted(expected_.begin() + at, expected_.begin() + at + records.size());
        EXPECT_TRUE(records == wanted) << "from offset " << offset;
        EXPECT_FALSE(records.empty());
        if (records.empty()) co_return end_;
        const auto next = starts_.upper_bound(offset);
        const auto behind = std::find_if(next, starts_.end(), [&](const auto& entry) {
            return entry.second >= at + records.size();
        });
        EXPECT_TRUE(behind == starts_.end() || behind->second == at + records.size())
            << "batches come whole";
        co_return behind == starts_.end() ? end_ : behind->first;
    }

    Task<> read_everything(Client& client, std::int32_t bytes_max) {
        for (std::int64_t offset = 0; offset < end_;) {
            const FetchRequest request = fetch_from("t", offset, kWaitMs, bytes_max);
            co_await client.send(request, kFetchVersion);
            offset = co_await receive(client, offset);
        }
    }

    std::uint64_t delivered_by(const char* path) const {
        MetricsSnapshot figures = figures_;
        std::erase_if(figures.values, [path](const auto& entry) {
            return entry.first.labels != MetricLabels{{"path", path}};
        });
        return figures.total("millrace_delivered_bytes_total");
    }

    MetricsSnapshot figures_;
    std::uint16_t port_{};
    Bytes expected_;
    std::map<std::int64_t, std::size_t> starts_;  // from offsets to places in `expected_`
    std::int64_t end_{};
};

TEST_P(DeliveryTest, EveryByteArrives) {
    with_data([this](Client& client) -> Task<> {
        for (const std::int32_t bytes_max : {1 << 20, 100'000, 1}) {
            co_await read_everything(client, bytes_max);
        }
    });
    EXPECT_GT(delivered_by(GetParam().counted), expected_.size());
    EXPECT_GT(delivered_by("memory"), 0u);
    if (GetParam().path == DeliveryPath::kMemory) {
        EXPECT_EQ(delivered_by("sendfile"), 0u);
    }
}

TEST_P(DeliveryTest, ASlowReaderGetsItAllInOrder) {
    with_data([this](Client& client) -> Task<> {
        const FetchRequest request = fetch_from("t", 0, kWaitMs);
        for (int i = 0; i < 30; ++i) co_await client.send(request, kFetchVersion);
        co_await sleep_for(*world_, std::chrono::milliseconds(50));
        for (int i = 0; i < 30; ++i) (void)co_await receive(client, 0);
    });
}

TEST_P(DeliveryTest, AReaderThatVanishesLeavesTheOthersAlone) {
    with_data([this](Client& client) -> Task<> {
        auto stream = co_await Stream::connect(*world_, "127.0.0.1", port_);
        Client gone(*world_, std::move(*stream));
        const FetchRequest request = fetch_from("t", 0, kWaitMs);
        for (int i = 0; i < 30; ++i) co_await gone.send(request, kFetchVersion);
        co_await sleep_for(*world_, std::chrono::milliseconds(5));
        co_await gone.close();
        co_await read_everything(client, 1 << 20);
    });
}

TEST_P(DeliveryTest, AFileThatIsRemovedIsSentToItsEnd) {
    with_data([this](Client& client) -> Task<> {
        const FetchRequest request = fetch_from("t", 0, kWaitMs);
        for (int i = 0; i < 20; ++i) co_await client.send(request, kFetchVersion);
        (void)co_await receive(client, 0);
        EXPECT_TRUE(std::filesystem::remove(folder_ + "/data/t-0/00000000000000000000.log"));
        for (int i = 1; i < 20; ++i) (void)co_await receive(client, 0);
    });
}

INSTANTIATE_TEST_SUITE_P(
    By, DeliveryTest,
    testing::Values(Way{"auto", DeliveryPath::kAuto, true, 1, "sendfile"},
                    Way{"auto_across_shards", DeliveryPath::kAuto, true, 3, "sendfile"},
                    Way{"sendfile_cached", DeliveryPath::kSendfile, false, 1, "sendfile"},
                    Way{"memory", DeliveryPath::kMemory, true, 1, "read"},
                    Way{"mmap", DeliveryPath::kMmap, true, 1, "mmap"},
                    Way{"splice", DeliveryPath::kSplice, true, 1, "splice"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace millrace
