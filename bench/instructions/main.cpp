// millrace_instructions: sends requests of a few kinds to a broker in the simulated world, and
// tells callgrind where each kind begins and ends and when it is the broker that runs. By itself it
// counts nothing: bench/instructions.py does.
#include "bench/instructions/beside_broker.hpp"
#include "tests/support/batches.hpp"

#include <valgrind/callgrind.h>

namespace millrace::sim {
namespace {

// Before a kind is counted: what only the first requests do is done.
constexpr int kWarmUp = 200;
constexpr int kCounted = 1000;

void begin() { CALLGRIND_ZERO_STATS; }
void end(const char* kind) { CALLGRIND_DUMP_STATS_AT(kind); }

Task<> ask_all(Asker& asker) {
    const Bytes batch = make_batch({.value_bytes = 100, .base_timestamp = 1'700'000'000'000});
    for (int i = 0; i < kWarmUp; ++i) co_await asker.produce(batch, 1);
    begin();
    for (int i = 0; i < kCounted; ++i) co_await asker.produce(batch, 1);
    end("produce");
    for (int i = 0; i < kWarmUp; ++i) co_await asker.produce(batch, Asker::kPartitions);
    begin();
    for (int i = 0; i < kCounted; ++i) co_await asker.produce(batch, Asker::kPartitions);
    end("produce-16-batches");
    for (int i = 0; i < kWarmUp; ++i) co_await asker.fetch(i);
    begin();
    for (int i = 0; i < kCounted; ++i) co_await asker.fetch(i);
    end("fetch");
}

void toggle(bool) { CALLGRIND_TOGGLE_COLLECT; }

}  // namespace
}  // namespace millrace::sim

int main() { millrace::sim::run_beside_broker(&millrace::sim::toggle, &millrace::sim::ask_all); }
