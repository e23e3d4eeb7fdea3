// millrace_instructions: sends requests of a few kinds to a broker in the simulated world, where
// one run is like the other to the instruction, and tells callgrind where each kind begins and ends
// and when it is the broker that runs. By itself it counts nothing: bench/instructions.py does.
#include "cluster/brokerd/broker.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/sim_world.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/requests.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <valgrind/callgrind.h>

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kMetadataVersion = 9;
constexpr std::int32_t kPartitions = 16;
// Before a kind is counted: what only the first requests do is done.
constexpr int kWarmUp = 200;
constexpr int kCounted = 1000;
const std::string kTopic = "t";

class NoLines final : public LogSink {
public:
    void write(std::string_view) override {}
};

[[noreturn]] void give_up(const char* what) {
    fmt::print(stderr, "millrace_instructions: {}\n", what);
    std::exit(1);
}

Task<> serve(World& world, Logger& logger, const BrokerConfig& config) {
    auto broker = co_await Broker::start(world, logger, config);
    if (!broker) give_up("the broker doesn't start");
    WaitList forever(world);
    (void)co_await forever.wait(0, kNever);
}

/// Sends every kind of request, one after the other. Lives in a process of its own.
class Course {
public:
    explicit Course(World& world) : client_(world, kPort), world_(world) {}

    Task<> run(bool& done) {
        co_await make_topic();
        for (int i = 0; i < kWarmUp; ++i) co_await produce(1);
        begin();
        for (int i = 0; i < kCounted; ++i) co_await produce(1);
        end("produce");
        for (int i = 0; i < kWarmUp; ++i) co_await produce(kPartitions);
        begin();
        for (int i = 0; i < kCounted; ++i) co_await produce(kPartitions);
        end("produce-16-batches");
        for (int i = 0; i < kWarmUp; ++i) co_await fetch(i);
        begin();
        for (int i = 0; i < kCounted; ++i) co_await fetch(i);
        end("fetch");
        done = true;
    }

private:
    static void begin() { CALLGRIND_ZERO_STATS; }
    static void end(const char* kind) { CALLGRIND_DUMP_STATS_AT(kind); }

    Task<> make_topic() {
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

    /// A record of 100 bytes to each of the first partitions.
    Task<> produce(std::int32_t partitions) {
        ProduceRequest request = produce_to(kTopic, 0, batch_, 1);
        for (std::int32_t i = 1; i < partitions; ++i) {
            auto& more = request.topics[0].partitions.emplace_back();
            more.index = i;
            more.records = batch_;
        }
        const auto response = co_await client_.ask<ProduceResponse>(request, kProduceVersion);
        if (!response) give_up("a produce request isn't answered");
        for (const auto& each : response->topics[0].partitions) {
            if (each.error_code != 0) give_up("a batch is refused");
        }
    }

    /// The batch at `offset`, which is in memory.
    Task<> fetch(std::int64_t offset) {
        const FetchRequest request = fetch_from(kTopic, offset, 0, 1);
        const auto response = co_await client_.ask<FetchResponse>(request, kFetchVersion);
        if (!response || response->error_code != 0) give_up("a fetch request isn't answered");
    }

    Client client_;
    World& world_;
    const Bytes batch_ = make_batch({.value_bytes = 100, .base_timestamp = 1'700'000'000'000});
};

BrokerConfig config() {
    return read_config({{"listeners", fmt::format("PLAINTEXT://127.0.0.1:{}", kPort)},
                        {"log.dirs", "/data"},
                        {"num.partitions", std::to_string(kPartitions)},
                        {"log.retention.ms", "-1"}})
        .config;
}

void run() {
    Simulation simulation(1);
    SimProcess& broker = simulation.start_process();
    SimProcess& client = simulation.start_process();
    bool counts = false;
    simulation.on_turn([&broker, &counts](const SimProcess* whose) {
        if ((whose == &broker) == counts) return;
        counts = !counts;
        CALLGRIND_TOGGLE_COLLECT;
    });
    NoLines lines;
    Logger logger(broker, lines, LogFormat::kText);
    const BrokerConfig settings = config();
    spawn(broker, serve(broker, logger, settings));
    Course course(client);
    bool done = false;
    spawn(client, course.run(done));
    if (!simulation.run_until([&done] { return done; })) give_up("nothing happens any more");
    simulation.on_turn(nullptr);
    simulation.kill(client);
    simulation.kill(broker);
}

}  // namespace
}  // namespace millrace::sim

int main() { millrace::sim::run(); }
