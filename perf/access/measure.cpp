#include "perf/access/measure.hpp"

#include "perf/access/engine.hpp"
#include "perf/access/page_cache.hpp"
#include "perf/common/fail.hpp"
#include "perf/common/time_used.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace millrace::access {
namespace {

constexpr std::uint32_t kPageBytes = 4096;

/// What the cell left in memory is written now, or the next cell would wait for it. All files at
/// once and one flush for all, so that many files cost what their places on the disk cost, and not
/// a flush each: that is what the axis of syncs shows.
double settle(const OpenFiles& files) {
    constexpr unsigned kWhole =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    const std::int64_t began_ns = perf::now_ns();
    for (const unsigned flags : {unsigned{SYNC_FILE_RANGE_WRITE}, kWhole}) {
        for (const int descriptor : files.all()) {
            if (::sync_file_range(descriptor, 0, 0, flags) != 0) perf::fail("sync_file_range");
        }
    }
    if (::fsync(files.all().back()) != 0) perf::fail("fsync");
    return static_cast<double>(perf::now_ns() - began_ns) / 1e9;
}

bool leaves_unwritten(const Cell& cell) {
    return cell.operation == Operation::kWrite && cell.sync == Sync::kNone &&
           !is_direct(cell.engine);
}

/// A cell that is cold at its beginning has to be so at its end: one pass in order, and at random a
/// quarter of the pages, so that one in eight operations at most meets a page that it has read
/// itself.
std::uint64_t cold_operations_max(const Cell& cell, const Places& places, std::uint64_t room) {
    const bool in_order =
        cell.pattern == Pattern::kSequential || cell.pattern == Pattern::kRoundRobin;
    if (in_order) return places.operations_in_order();
    return std::max<std::uint64_t>(room / std::max(cell.size_bytes, kPageBytes) / 4, 1);
}

std::uint64_t operations_max(const Cell& cell, const Places& places, const Scale& scale) {
    std::uint64_t most = ~std::uint64_t{0};
    const bool cached = !is_direct(cell.engine);
    if (cached && cell.cache == Cache::kCold && cell.layout == Layout::kWritten) {
        most = cold_operations_max(cell, places, room_bytes(cell, scale));
    }
    if (cell.operation == Operation::kRead) return most;
    if (cell.layout != Layout::kWritten) most = places.operations_in_order();
    if (!leaves_unwritten(cell)) return most;
    const std::uint64_t by_bytes = scale.scratch_bytes / cell.size_bytes;
    return std::min({most, by_bytes, scale.unsynced_operations_max});
}

/// Takes memory, touches it and gives it back. A virtual machine's host takes free memory away, and
/// whichever cell is first to fill the page cache would pay for getting it again.
void touch_free_memory(std::uint64_t bytes) {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    // The host takes large blocks only, and large folios are made of them.
    ::madvise(memory, bytes, MADV_HUGEPAGE);
    auto* first = static_cast<volatile char*>(memory);
    for (std::uint64_t at = 0; at < bytes; at += kPageBytes) first[at] = 1;
    ::munmap(memory, bytes);
}

void prepare_cache(const Cell& cell, const OpenFiles& files, std::uint64_t room) {
    if (cell.layout != Layout::kWritten) return;
    if (cell.cache == Cache::kWarm) return make_warm(files, room);
    make_cold(files, room);
}

}  // namespace

std::string refusal(const Cell& cell, std::uint32_t direct_unit) {
    if (!is_direct(cell.engine)) return "";
    if (direct_unit == 0) return "the filesystem has no O_DIRECT";
    if (cell.size_bytes % direct_unit == 0) return "";
    return fmt::format("O_DIRECT takes multiples of {} bytes", direct_unit);
}

Measured measure(const PlannedCell& planned, FileSet& set, const Scale& scale,
                 const perf::Punts& punts) {
    const Cell& cell = planned.cell;
    const OpenFiles files = set.open(cell);
    const std::uint64_t room = room_bytes(cell, scale);
    prepare_cache(cell, files, room);
    if (!is_direct(cell.engine) && cell.cache == Cache::kCold) {
        touch_free_memory(2 * scale.scratch_bytes);
    }
    // Another round goes elsewhere, or whatever caches below this machine would know it.
    const Places places(cell, room, static_cast<std::uint64_t>(planned.round));
    const Work work{cell,
                    files,
                    places,
                    room,
                    operations_max(cell, places, scale),
                    static_cast<std::int64_t>(scale.measure_s * 1e9)};
    const perf::MachineTime time_before = perf::machine_time();
    const double cpu_before_s = perf::process_cpu_s();
    const auto punts_before = punts.count();
    const Tally tally = is_ring(cell.engine) ? run_ring(work) : run_threads(work);
    const double cpu_s = perf::process_cpu_s() - cpu_before_s;
    const auto punts_after = punts.count();
    const perf::MachineTime time_after = perf::machine_time();
    if (tally.operations == 0) perf::fail("no operation ended in time", ETIME);

    const auto operations = static_cast<double>(tally.operations);
    Measured measured;
    measured.operations = tally.operations;
    measured.elapsed_s = static_cast<double>(tally.elapsed_ns) / 1e9;
    measured.p50_us = static_cast<double>(tally.latency_ns.value_at(0.5)) / 1e3;
    measured.p99_us = static_cast<double>(tally.latency_ns.value_at(0.99)) / 1e3;
    measured.cpu_us_per_operation = 1e6 * cpu_s / operations;
    if (punts_before && punts_after) {
        measured.punts_per_operation =
            static_cast<double>(*punts_after - *punts_before) / operations;
    }
    measured.ended_early = tally.ended_early;
    measured.steal_share = perf::steal_share(time_before, time_after);
    if (leaves_unwritten(cell)) measured.settle_s = settle(files);
    return measured;
}

}  // namespace millrace::access
