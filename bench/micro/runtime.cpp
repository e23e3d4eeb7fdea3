// What the way costs: a turn of the ring, a coroutine that waits its turn, a visit to another
// shard.
#include "bench/micro/worlds.hpp"
#include "core/runtime/file.hpp"
#include "core/runtime/shard_call.hpp"
#include "uring/shard_threads.hpp"

#include <benchmark/benchmark.h>

#include <fcntl.h>

namespace millrace {
namespace {

std::unique_ptr<RingWorld> new_world() { return RingWorld::open(RingFeatures::all()).value(); }

/// A request goes into the ring and comes back: one byte of a file that is in memory.
Task<> read_again_and_again(World& world, benchmark::State& state, std::string path) {
    auto file = co_await File::open(world, path, OpenMode::kCreateNew);
    if (!file) co_return;
    Bytes byte(1);
    const auto written = co_await file->write_at(0, byte);
    if (!written) state.SkipWithError("the file can't be written");
    for (auto _ : state) {
        const auto read = co_await file->read_at(0, byte);
        benchmark::DoNotOptimize(read);
    }
    (void)co_await file->close();
}

void measure_ring_turn(benchmark::State& state) {
    const ScratchFolder folder;
    const auto world = new_world();
    run_on(*world, read_again_and_again(*world, state, folder.path() + "/file"));
}
BENCHMARK(measure_ring_turn)->Name("ring_turn")->UseRealTime();

Task<int> answer() { co_return 42; }

Task<> call_again_and_again(benchmark::State& state) {
    for (auto _ : state) {
        const int told = co_await answer();
        benchmark::DoNotOptimize(told);
    }
}

void measure_coroutine_call(benchmark::State& state) {
    const auto world = new_world();
    run_on(*world, call_again_and_again(state));
}
BENCHMARK(measure_coroutine_call)->Name("coroutine_call");

Task<> step_aside_again_and_again(World& world, benchmark::State& state) {
    World* const here = &world;
    for (auto _ : state) (void)co_await park([here](Parked& parked) { parked.resume(*here, {}); });
}

/// A coroutine goes to the end of its world's queue and comes up again.
void measure_coroutine_hop(benchmark::State& state) {
    const auto world = new_world();
    run_on(*world, step_aside_again_and_again(*world, state));
}
BENCHMARK(measure_coroutine_hop)->Name("coroutine_hop");

Task<> visit_again_and_again(World& world, benchmark::State& state) {
    int visits = 0;
    const auto visit = [&visits] { return ++visits; };
    for (auto _ : state) {
        ShardCall call(world, 1, visit);
        const int told = co_await call.run();
        benchmark::DoNotOptimize(told);
    }
}

/// There and back, with nobody else to talk to, so that both shards sleep in between.
void measure_shard_call(benchmark::State& state) {
    ShardThreadsOptions options;
    options.count = 2;
    const auto threads = ShardThreads::open(options).value();
    run_on(threads->first(), visit_again_and_again(threads->first(), state));
}
BENCHMARK(measure_shard_call)->Name("shard_call")->UseRealTime();

}  // namespace
}  // namespace millrace
