// A cell of the comparison: one way to touch files, named by its value on each axis.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::access {

enum class Operation { kRead, kWrite };
enum class Pattern { kSequential, kRandom, kZipf, kRoundRobin };
/// pread and pwrite, a mapping, or io_uring in three ways.
enum class Engine { kCalls, kMapping, kRing, kRingDirect, kRingRegistered };
/// kEveryFew is fdatasync after each kSyncInterval operations on a file.
enum class Sync { kNone, kEach, kEveryFew, kDsync };
enum class Cache { kCold, kWarm };
enum class Layout { kExtending, kFallocated, kWritten };

constexpr std::uint64_t kSyncInterval = 16;

struct Cell {
    Operation operation{Operation::kRead};
    Pattern pattern{Pattern::kSequential};
    std::uint32_t files{1};
    std::uint32_t size_bytes{};
    /// Threads for kCalls and kMapping, requests in flight for the rings.
    std::uint32_t depth{1};
    Engine engine{Engine::kCalls};
    Sync sync{Sync::kNone};
    Cache cache{Cache::kCold};
    Layout layout{Layout::kWritten};

    bool operator==(const Cell&) const = default;
};

bool is_ring(Engine engine);
/// Whether the engine goes past the page cache.
bool is_direct(Engine engine);

std::string pattern_name(const Cell& cell);
const char* name(Operation operation);
const char* name(Engine engine);
const char* name(Sync sync);
const char* name(Cache cache);
const char* name(Layout layout);

/// All axes in one word, "read-random-4k-d1-psync-none-cold-written": the same cell has the same
/// name in every run and on every machine.
std::string name(const Cell& cell);

}  // namespace millrace::access
