// Connections go to the shard that has their work, where virtual time and a seed decide, and not
// how busy a machine is, whether a shard has time for one.
#include "cluster/brokerd/broker.hpp"
#include "cluster/brokerd/figures.hpp"
#include "protocol/message/metadata.hpp"
#include "tests/sim/sim_world.hpp"
#include "tests/support/one_partition.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
constexpr std::int32_t kPartitions = 7;
// Enough to leave, and to be refused now and then.
constexpr int kRequests = 200;

class Silence final : public LogSink {
public:
    void write(std::string_view) override {}
};

/// The parameter: how many shards the broker has.
class ConnectionHomeTest : public testing::TestWithParam<ShardNumber> {
protected:
    ConnectionHomeTest() : logger_(broker_, silence_, LogFormat::kText) {
        config_.topic.retention_ms = -1;
        spawn(broker_, serve());
        bool made = false;
        spawn(client_, make_topic(made));
        EXPECT_TRUE(simulation_.run_until([&made] { return made; }));
    }
    ~ConnectionHomeTest() override {
        simulation_.kill(client_);
        simulation_.kill(broker_);
    }

    using Talk = std::function<Task<>(World&, std::int32_t partition)>;

    /// A connection for each partition, which does nothing but `talk`.
    void talk_to_each(const Talk& talk) {
        int done = 0;
        for (std::int32_t i = 0; i < kPartitions; ++i) spawn(client_, count(talk, i, done));
        EXPECT_TRUE(simulation_.run_until([&done] { return done == kPartitions; }));
    }

    std::uint64_t connections_left() {
        std::optional<std::uint64_t> left;
        spawn(broker_, look(left));
        EXPECT_TRUE(simulation_.run_until([&left] { return left.has_value(); }));
        return *left;
    }

private:
    Task<> serve() {
        const auto broker = co_await Broker::start(broker_, logger_, config_);
        EXPECT_TRUE(broker);
        // It goes with its process.
        WaitList for_ever(broker_);
        (void)co_await for_ever.wait(0, kNever);
    }
    Task<> make_topic(bool& made) {
        Client client(client_, kPort);
        MetadataRequest request;
        request.topics.emplace().emplace_back().name = kOneTopic;
        for (;;) {
            const auto response = co_await client.ask<MetadataResponse>(request, 9);
            if (response && response->topics.at(0).error_code == 0) break;
            co_await sleep_for(client_, std::chrono::milliseconds(10));
        }
        co_await client.drop();
        made = true;
    }
    Task<> count(const Talk& talk, std::int32_t partition, int& done) {
        co_await talk(client_, partition);
        ++done;
    }
    Task<> look(std::optional<std::uint64_t>& left) {
        const MetricsSnapshot all = co_await figures_of_all(broker_);
        left = all.total("millrace_connections_left_total");
    }

    Simulation simulation_{1};
    SimProcess& broker_ = simulation_.start_process(GetParam());
    SimProcess& client_ = simulation_.start_process();
    Silence silence_;
    Logger logger_;
    BrokerConfig config_ = read_config({{"listeners", "PLAINTEXT://127.0.0.1:9092"},
                                        {"log.dirs", "/data"},
                                        {"num.partitions", std::to_string(kPartitions)}})
                               .config;
};

TEST_P(ConnectionHomeTest, AProducerOfOnePartitionLeavesForItsShard) {
    talk_to_each([](World& world, std::int32_t partition) {
        return produce_in_row(world, kPort, partition, kRequests);
    });
    const std::uint64_t left = connections_left();
    if (GetParam() == 1) {
        EXPECT_EQ(left, 0u);
    } else {
        EXPECT_GT(left, 0u);
        EXPECT_LE(left, static_cast<std::uint64_t>(kPartitions)) << "who is at home stays";
    }
}

TEST_P(ConnectionHomeTest, AConsumerStaysWhereItsSessionIs) {
    talk_to_each([](World& world, std::int32_t partition) {
        return fetch_in_session(world, kPort, partition, kRequests);
    });
    EXPECT_EQ(connections_left(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Shards, ConnectionHomeTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace::sim
