// Consumers that send fetches and read no answers: they keep nobody else from reading, and don't
// stay for ever.
#include "cluster/brokerd/broker.hpp"
#include "cluster/brokerd/figures.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/on_shards.hpp"
#include "tests/support/requests.hpp"

#include <arpa/inet.h>
#include <list>
#include <sys/socket.h>

namespace millrace {
namespace {

constexpr std::int16_t kFetchVersion = 12;
constexpr std::int32_t kBytes = 1 << 20;
// More answers than the kernel's buffers take.
constexpr int kRequests = 1000;

/// A connection whose kernel takes little.
Stream connect_narrowly(World& world, std::uint16_t port) {
    const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int bytes = 4096;
    EXPECT_EQ(setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return {world, handle};
}

FetchRequest fetch_all(std::int64_t offset) { return fetch_from("t", offset, 600'000, kBytes); }

class StalledReaderTest : public OnShards {
protected:
    /// Runs `scenario(client)` beside a broker whose memory holds all of topic "t".
    template <class Scenario>
    void with_data(std::size_t batch_bytes, Scenario scenario) {
        const auto whole = [this, batch_bytes, &scenario]() -> Task<> {
            const BrokerConfig config = make_config();
            broker_ = *co_await Broker::start(*world_, logger_, config);
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", broker_->port());
            Client client(*world_, std::move(*stream));
            co_await produce(client, batch_bytes);
            co_await scenario(client);
            co_await client.close();
            for (Client& each : stalled_) co_await each.close();
            EXPECT_TRUE(co_await broker_->stop());
            broker_.reset();
        };
        run(whole());
    }

    BrokerConfig make_config() const {
        BrokerConfig config =
            read_config({{"listeners", "PLAINTEXT://127.0.0.1:0"}, {"log.dirs", folder_ + "/data"}})
                .config;
        config.cache_bytes = 8 << 20;
        config.connections_idle_ms_max = idle_ms_max_;
        return config;
    }

    Task<> produce(Client& client, std::size_t batch_bytes) {
        const MetadataRequest metadata = metadata_of("t");
        (void)co_await client.ask<MetadataResponse>(metadata, 9);
        const Bytes batch = make_batch({.value_bytes = batch_bytes});
        for (; end_ * static_cast<std::int64_t>(batch.size()) < kBytes; ++end_) {
            const ProduceRequest request = produce_to("t", 0, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(request, 9);
            EXPECT_EQ(response->topics[0].partitions[0].error_code, 0);
        }
    }

    Task<std::uint64_t> total(std::string_view name) {
        const MetricsSnapshot figures = co_await figures_of_all(*world_);
        co_return figures.total(name);
    }

    /// `count` consumers more that never read; until no answer moves any more.
    Task<> stall(int count) {
        const FetchRequest request = fetch_all(0);
        for (int i = 0; i < count; ++i) {
            Client& client =
                stalled_.emplace_back(*world_, connect_narrowly(*world_, broker_->port()));
            for (int sent = 0; sent < kRequests; ++sent) {
                co_await client.send(request, kFetchVersion);
            }
        }
        std::uint64_t before = 0;
        for (;;) {
            const std::uint64_t now = co_await total("millrace_bytes_sent_total");
            if (now == before) break;
            before = now;
            co_await sleep_for(*world_, std::chrono::milliseconds(50));
        }
    }

    Task<> read_everything(Client& client) {
        for (std::int64_t offset = 0; offset < end_;) {
            const FetchRequest request = fetch_all(offset);
            const auto response = co_await client.ask<FetchResponse>(request, kFetchVersion);
            const auto& partition = response->topics[0].partitions[0];
            const Bytes records = partition.records->to_bytes();
            EXPECT_FALSE(records.empty()) << "at offset " << offset;
            if (records.empty()) break;
            for (ByteView rest = records; !rest.empty(); ++offset) {
                const RecordBatchView batch(rest);
                EXPECT_EQ(batch.base_offset(), Offset{offset});
                rest = rest.subspan(batch.size_in_bytes());
            }
        }
    }

    std::int64_t idle_ms_max_{600'000};
    std::unique_ptr<Broker> broker_;
    std::list<Client> stalled_;
    std::int64_t end_{};
};

TEST_P(StalledReaderTest, TwentyLeaveRoomForTheNextWithoutLosingTheirConnections) {
    with_data(4 << 10, [this](Client& client) -> Task<> {
        co_await stall(20);
        co_await read_everything(client);
        EXPECT_EQ(co_await total("millrace_connections_stalled_total"), 0u);
    });
}

TEST_P(StalledReaderTest, ThoseWhoFillTheMemoryLoseTheirConnectionsToWhoeverReads) {
    with_data(200 << 10, [this](Client& client) -> Task<> {
        co_await stall(40);
        co_await read_everything(client);
        EXPECT_GT(co_await total("millrace_connections_stalled_total"), 0u);
    });
    EXPECT_TRUE(lines_.contain("its peer reads nothing"));
}

INSTANTIATE_TEST_SUITE_P(Shards, StalledReaderTest, testing::Values(1));

class IdleReaderTest : public StalledReaderTest {
protected:
    // Long enough for a busy machine to send all requests within it.
    IdleReaderTest() { idle_ms_max_ = 3'000; }
};

TEST_P(IdleReaderTest, WhoTakesNoByteForTheIdleTimeIsClosed) {
    with_data(4 << 10, [this](Client& client) -> Task<> {
        co_await stall(2);
        std::uint64_t open = 3;
        while (open > 0) {
            co_await sleep_for(*world_, std::chrono::milliseconds(10));
            open = co_await total("millrace_connections");
        }
        const auto closed = co_await client.receive<FetchResponse>(kFetchVersion);
        EXPECT_FALSE(closed);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, IdleReaderTest, testing::Values(1));

}  // namespace
}  // namespace millrace
