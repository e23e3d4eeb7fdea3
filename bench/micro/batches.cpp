// What a batch costs before it is in a log, and a reader before it has one: checksum, validation,
// index.
#include "tests/support/batches.hpp"

#include "core/base/crc32c.hpp"
#include "core/storage/produced_batch.hpp"
#include "core/storage/segment_index.hpp"

#include <benchmark/benchmark.h>

namespace millrace {
namespace {

void measure_crc32c(benchmark::State& state) {
    const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
    for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(measure_crc32c)->Name("crc32c")->Arg(64)->Arg(1 << 10)->Arg(16 << 10)->Arg(1 << 20);

/// Records and bytes of each.
void measure_batch_validation(benchmark::State& state) {
    const TopicConfig topic;
    const ProduceRules rules{.topic = topic, .now = 1000};
    Decompressor decompressor;
    Bytes batch = make_batch({.records = static_cast<std::int32_t>(state.range(0)),
                              .value_bytes = static_cast<std::size_t>(state.range(1))});
    for (auto _ : state) {
        const Accepted accepted = accept_produced(batch, rules, decompressor);
        if (accepted.refusal.error) return state.SkipWithError("the batch is refused");
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}
BENCHMARK(measure_batch_validation)
    ->Name("batch_validation")
    ->Args({1, 100})
    ->Args({100, 100})
    ->Args({100, 10'000});

/// Entries of the index.
void measure_index_lookup(benchmark::State& state) {
    SegmentIndex index(Offset{0}, 4096);
    BatchMeta meta{RecordBatchView(make_batch({.value_bytes = 5000}))};
    std::uint64_t position = 0;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        meta.base = meta.last = Offset{i};
        index.note(meta, position);
        position += meta.size;
    }
    std::int64_t wanted = 0;
    for (auto _ : state) {
        // Spread over the whole index, each time another one.
        wanted = (wanted + 7919) % state.range(0);
        benchmark::DoNotOptimize(index.position_before(Offset{wanted}));
    }
}
BENCHMARK(measure_index_lookup)->Name("index_lookup")->Arg(1'000)->Arg(250'000);

}  // namespace
}  // namespace millrace
