#include "perf/access/cell.hpp"

#include "perf/common/size_name.hpp"

namespace millrace::access {

bool is_ring(Engine engine) { return engine != Engine::kCalls && engine != Engine::kMapping; }

bool is_direct(Engine engine) {
    return engine == Engine::kRingDirect || engine == Engine::kRingRegistered;
}

std::string pattern_name(const Cell& cell) {
    switch (cell.pattern) {
        case Pattern::kSequential: return "sequential";
        case Pattern::kRandom: return "random";
        case Pattern::kZipf: return "zipf";
        case Pattern::kRoundRobin: break;
    }
    return fmt::format("files{}", cell.files);
}

const char* name(Operation operation) { return operation == Operation::kRead ? "read" : "write"; }

const char* name(Engine engine) {
    switch (engine) {
        case Engine::kCalls: return "psync";
        case Engine::kMapping: return "mmap";
        case Engine::kRing: return "uring";
        case Engine::kRingDirect: return "direct";
        case Engine::kRingRegistered: break;
    }
    return "registered";
}

const char* name(Sync sync) {
    switch (sync) {
        case Sync::kNone: return "none";
        case Sync::kEach: return "each";
        case Sync::kEveryFew: return "every16";
        case Sync::kDsync: break;
    }
    return "dsync";
}

const char* name(Cache cache) { return cache == Cache::kCold ? "cold" : "warm"; }

const char* name(Layout layout) {
    switch (layout) {
        case Layout::kExtending: return "extending";
        case Layout::kFallocated: return "fallocated";
        case Layout::kWritten: break;
    }
    return "written";
}

std::string name(const Cell& cell) {
    return fmt::format("{}-{}-{}-d{}-{}-{}-{}-{}", name(cell.operation), pattern_name(cell),
                       perf::size_name(cell.size_bytes), cell.depth, name(cell.engine),
                       name(cell.sync), name(cell.cache), name(cell.layout));
}

}  // namespace millrace::access
