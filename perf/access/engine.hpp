// Does the operations of a cell until its time, its room or its bound on operations is used up.
#pragma once

#include "core/observe/histogram.hpp"
#include "perf/access/file_set.hpp"
#include "perf/access/pattern.hpp"

#include <cstdint>

namespace millrace::access {

/// What an engine needs to know of the cell; all of it outlives the run.
struct Work {
    const Cell& cell;
    const OpenFiles& files;
    const Places& places;
    std::uint64_t room_bytes{};
    std::uint64_t operations_max{};
    std::int64_t duration_ns{};
};

struct Tally {
    Histogram latency_ns;
    std::uint64_t operations{};
    std::int64_t elapsed_ns{};
    bool ended_early{};  // by the room or the bound, not by the time
};

/// A thread for each of the cell's depth. Throws std::system_error.
Tally run_threads(const Work& work);

/// One thread with as many requests in flight. Throws std::system_error.
Tally run_ring(const Work& work);

/// Whether the operation is followed by fdatasync of its file. Each file counts its own operations,
/// so that kEveryFew promises the same for one file as for many.
inline bool syncs_after(const Cell& cell, std::uint64_t number) {
    if (cell.sync == Sync::kEach) return true;
    return cell.sync == Sync::kEveryFew && number / cell.files % kSyncInterval == kSyncInterval - 1;
}

}  // namespace millrace::access
