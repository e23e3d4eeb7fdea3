// A fixture: a broker in the simulated world and a process for its clients, with a topic of some
// partitions, where virtual time and a seed decide and not how busy a machine is.
#pragma once

#include "cluster/brokerd/broker.hpp"
#include "cluster/brokerd/figures.hpp"
#include "protocol/message/metadata.hpp"
#include "tests/sim/sim_world.hpp"
#include "tests/support/one_partition.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace millrace::sim {

/// The parameter: how many shards the broker has.
class OnSimBroker : public testing::TestWithParam<ShardNumber> {
protected:
    static constexpr std::uint16_t kPort = 9092;
    static constexpr std::int32_t kPartitions = 7;

    OnSimBroker() : logger_(broker_, silence_, LogFormat::kText) {
        config_.topic.retention_ms = -1;
        spawn(broker_, serve());
        bool made = false;
        spawn(client_, make_topic(made));
        EXPECT_TRUE(simulation_.run_until([&made] { return made; }));
    }
    ~OnSimBroker() override {
        simulation_.kill(client_);
        simulation_.kill(broker_);
    }

    using Talk = std::function<Task<>(World&, std::int32_t partition)>;

    /// A client for each of the first partitions, which does nothing but `talk`.
    void talk_to_each(const Talk& talk, std::int32_t partitions = kPartitions) {
        int done = 0;
        for (std::int32_t i = 0; i < partitions; ++i) spawn(client_, count(talk, i, done));
        EXPECT_TRUE(simulation_.run_until([&] { return done == partitions; }));
    }

    std::uint64_t total(const char* metric) {
        std::optional<std::uint64_t> found;
        spawn(broker_, look(metric, found));
        EXPECT_TRUE(simulation_.run_until([&found] { return found.has_value(); }));
        return *found;
    }

private:
    class Silence final : public LogSink {
    public:
        void write(std::string_view) override {}
    };

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
    Task<> look(const char* metric, std::optional<std::uint64_t>& found) {
        const MetricsSnapshot all = co_await figures_of_all(broker_);
        found = all.total(metric);
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

}  // namespace millrace::sim
