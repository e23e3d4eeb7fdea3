#include "bench/instructions/beside_broker.hpp"

#include "cluster/brokerd/broker.hpp"
#include "tests/support/requests.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kMetadataVersion = 9;
const std::string kTopic = "t";

class NoLines final : public LogSink {
public:
    void write(std::string_view) override {}
};

Task<> serve(World& world, Logger& logger, const BrokerConfig& config) {
    auto broker = co_await Broker::start(world, logger, config);
    if (!broker) give_up("the broker doesn't start");
    WaitList forever(world);
    (void)co_await forever.wait(0, kNever);
}

Task<> ask(Asker& asker, const std::function<Task<>(Asker&)>& course, bool& done) {
    co_await asker.make_topic();
    co_await course(asker);
    done = true;
}

BrokerConfig config() {
    return read_config({{"listeners", fmt::format("PLAINTEXT://127.0.0.1:{}", kPort)},
                        {"log.dirs", "/data"},
                        {"num.partitions", std::to_string(Asker::kPartitions)},
                        {"log.retention.ms", "-1"}})
        .config;
}

}  // namespace

void give_up(const char* what) {
    fmt::print(stderr, "{}\n", what);
    std::exit(1);
}

Asker::Asker(World& world) : client_(world, kPort), world_(world) {}

Task<> Asker::make_topic() {
    const MetadataRequest request = metadata_of(kTopic);
    for (int i = 0; i < 1000; ++i) {
        const auto response = co_await client_.ask<MetadataResponse>(request, kMetadataVersion);
        if (response && !response->topics.empty() && response->topics[0].error_code == 0) {
            co_return;
        }
        co_await sleep_for(world_, std::chrono::milliseconds(10));
    }
    give_up("the topic isn't made");
}

Task<> Asker::produce(ByteView batch, std::int32_t partitions) {
    ProduceRequest request = produce_to(kTopic, 0, batch, 1);
    for (std::int32_t i = 1; i < partitions; ++i) {
        auto& more = request.topics[0].partitions.emplace_back();
        more.index = i;
        more.records = batch;
    }
    const auto response = co_await client_.ask<ProduceResponse>(request, kProduceVersion);
    if (!response) give_up("a produce request isn't answered");
    for (const auto& each : response->topics[0].partitions) {
        if (each.error_code != 0) give_up("a batch is refused");
    }
}

Task<> Asker::fetch(std::int64_t offset) {
    const FetchRequest request = fetch_from(kTopic, offset, 0, 1);
    const auto response = co_await client_.ask<FetchResponse>(request, kFetchVersion);
    if (!response || response->error_code != 0) give_up("a fetch request isn't answered");
}

void run_beside_broker(const std::function<void(bool)>& is_brokers,
                       const std::function<Task<>(Asker&)>& course) {
    Simulation simulation(1);
    SimProcess& broker = simulation.start_process();
    SimProcess& client = simulation.start_process();
    bool was_brokers = false;
    simulation.on_turn([&broker, &was_brokers, &is_brokers](const SimProcess* whose) {
        if ((whose == &broker) == was_brokers) return;
        was_brokers = !was_brokers;
        is_brokers(was_brokers);
    });
    NoLines lines;
    Logger logger(broker, lines, LogFormat::kText);
    const BrokerConfig settings = config();
    spawn(broker, serve(broker, logger, settings));
    Asker asker(client);
    bool done = false;
    spawn(client, ask(asker, course, done));
    if (!simulation.run_until([&done] { return done; })) give_up("nothing happens any more");
    simulation.on_turn(nullptr);
    simulation.kill(client);
    simulation.kill(broker);
}

}  // namespace millrace::sim
