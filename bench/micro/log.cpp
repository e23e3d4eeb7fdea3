// What it costs until a batch is durable: alone in its turn of the journal, and with others that
// share the write.
#include "bench/micro/worlds.hpp"
#include "core/observe/logger.hpp"
#include "core/runtime/gate.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/support/batches.hpp"

#include <benchmark/benchmark.h>

namespace millrace {
namespace {

class NoLines final : public LogSink {
public:
    void write(std::string_view) override {}
};

/// Appends one batch and waits until it is durable.
Task<> append(PartitionLog& log, Bytes& batch, benchmark::State& state) {
    const auto room = co_await log.wait_for_room(batch.size());
    const auto appended = log.append(batch, LeaderEpoch{0});
    if (!room || !appended) state.SkipWithError("a batch isn't taken");
    if (!appended) co_return;
    const auto durable = co_await log.wait_durable(appended->last_offset + 1, kNever);
    if (!durable) state.SkipWithError("a batch doesn't become durable");
}

Task<> append_counted(PartitionLog& log, Bytes batch, benchmark::State& state) {
    co_await append(log, batch, state);
}

/// `count` producers each have a batch on its way, and all begin again together.
Task<> append_together(World& world, PartitionLog& log, int count, benchmark::State& state) {
    const Bytes batch = make_batch({.value_bytes = static_cast<std::size_t>(state.range(1))});
    for (auto _ : state) {
        Gate others(world);
        for (int i = 0; i < count; ++i) others.spawn(append_counted(log, batch, state));
        co_await others.close();
    }
    state.SetItemsProcessed(state.iterations() * count);
    state.SetBytesProcessed(state.iterations() * count * static_cast<std::int64_t>(batch.size()));
}

Task<> on_a_log(World& world, Logger& logger, std::string path, benchmark::State& state) {
    const DirectoryIdentity identity{1, ""};
    LogConfig config;
    config.journal_bytes = 64 << 20;
    config.topic.segment_bytes = 64 << 20;
    auto directory = co_await LogDirectory::open(world, logger, path, identity, config);
    if (!directory) co_return state.SkipWithError("the directory can't be opened");
    const TopicPartition name{"t", PartitionIndex{0}};
    const auto place = co_await (*directory)->create(name, {});
    if (!place) state.SkipWithError("the log can't be made");
    if (place) {
        co_await append_together(world, *place->log, static_cast<int>(state.range(0)), state);
    }
    (void)co_await (*directory)->close();
}

/// Producers, and bytes of a batch. Time is per turn: one durable write for all of them.
void measure_journal_turn(benchmark::State& state) {
    const ScratchFolder folder;
    const auto world = RingWorld::open(RingFeatures::all()).value();
    NoLines lines;
    Logger logger(*world, lines, LogFormat::kText);
    run_on(*world, on_a_log(*world, logger, folder.path() + "/data", state));
}
BENCHMARK(measure_journal_turn)
    ->Name("journal_turn")
    ->Args({1, 100})
    ->Args({16, 100})
    ->Args({256, 100})
    ->Args({1, 65'536})
    ->Args({16, 65'536})
    ->UseRealTime();

}  // namespace
}  // namespace millrace
