// millrace_copies: how often the broker copies a byte of records in user space, on its way in and
// on its way out. The linker leads every call of memcpy, memmove and copy_past_caches in the
// broker's code here, and it is counted while the broker runs. Prints one JSON object.
#include "bench/instructions/beside_broker.hpp"
#include "core/base/copy.hpp"
#include "tests/support/batches.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace {

std::size_t copied = 0;
bool counts = false;

void count(std::size_t size) {
    if (counts) copied += size;
}

}  // namespace

extern "C" {
// The linker's names for what was there before, and for what is there instead.
void* __real_memcpy(void* into, const void* from, std::size_t size);                 // NOLINT
void* __real_memmove(void* into, const void* from, std::size_t size);                // NOLINT
void* __real___memcpy_chk(void* into, const void* from, std::size_t, std::size_t);   // NOLINT
void* __real___memmove_chk(void* into, const void* from, std::size_t, std::size_t);  // NOLINT

void* __wrap_memcpy(void* into, const void* from, std::size_t size) {  // NOLINT
    count(size);
    return __real_memcpy(into, from, size);
}
void* __wrap_memmove(void* into, const void* from, std::size_t size) {  // NOLINT
    count(size);
    return __real_memmove(into, from, size);
}
void* __wrap___memcpy_chk(void* into, const void* from, std::size_t size,  // NOLINT
                          std::size_t room) {
    count(size);
    return __real___memcpy_chk(into, from, size, room);
}
void* __wrap___memmove_chk(void* into, const void* from, std::size_t size,  // NOLINT
                           std::size_t room) {
    count(size);
    return __real___memmove_chk(into, from, size, room);
}

// copy_past_caches(), by its mangled name.
void __real__ZN8millrace16copy_past_cachesEPSt4bytePKS0_m(std::byte* to,          // NOLINT
                                                          const std::byte* from,  // NOLINT
                                                          std::size_t size);
void __wrap__ZN8millrace16copy_past_cachesEPSt4bytePKS0_m(std::byte* to,          // NOLINT
                                                          const std::byte* from,  // NOLINT
                                                          std::size_t size) {
    count(size);
    // What it copies by memcpy is a part of that.
    const bool counted = std::exchange(counts, false);
    __real__ZN8millrace16copy_past_cachesEPSt4bytePKS0_m(to, from, size);
    counts = counted;
}
}

namespace millrace::sim {
namespace {

constexpr int kWarmUp = 20;
constexpr int kCounted = 100;

/// Of what was copied since, for each byte of so many batches.
double each_of(ByteView batch, std::size_t before) {
    return static_cast<double>(copied - before) / static_cast<double>(batch.size() * kCounted);
}

Task<> ask_all(Asker& asker) {
    // As W1-1 of the comparison sends them: 900 records of 1 KiB.
    const Bytes batch = make_batch({.records = 900, .value_bytes = 1024});
    for (int i = 0; i < kWarmUp; ++i) co_await asker.produce(batch, 1);
    std::size_t before = copied;
    for (int i = 0; i < kCounted; ++i) co_await asker.produce(batch, 1);
    const double produced = each_of(batch, before);
    before = copied;
    for (int i = 0; i < kCounted; ++i) co_await asker.fetch(std::int64_t{900} * i);
    fmt::print("{{\"produced\": {:.3f}, \"fetched\": {:.3f}}}\n", produced, each_of(batch, before));
}

}  // namespace
}  // namespace millrace::sim

int main() {
    millrace::sim::run_beside_broker([](bool is_brokers) { counts = is_brokers; },
                                     &millrace::sim::ask_all);
}
