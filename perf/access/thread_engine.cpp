// The engines whose operations block their thread: pread and pwrite, and a mapping.
#include "perf/access/engine.hpp"
#include "perf/common/buffer.hpp"
#include "perf/common/fail.hpp"
#include "perf/common/time_used.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

namespace millrace::access {
namespace {

/// The whole of each file, mapped.
class Mappings {
public:
    Mappings(const OpenFiles& files, std::uint64_t bytes) : bytes_(bytes) {
        for (const int descriptor : files.all()) {
            void* mapped =
                ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
            if (mapped == MAP_FAILED) perf::fail("mmap");
            mapped_.push_back(static_cast<char*>(mapped));
        }
    }
    Mappings(const Mappings&) = delete;
    Mappings& operator=(const Mappings&) = delete;
    ~Mappings() {
        for (char* mapped : mapped_) ::munmap(mapped, bytes_);
    }

    char* at(const Place& place) const { return mapped_[place.file] + place.offset; }

private:
    const std::uint64_t bytes_;
    std::vector<char*> mapped_;
};

/// Shared by the threads of a cell.
struct Run {
    const Work& work;
    const Mappings* mappings{};
    std::int64_t deadline_ns{};
    std::atomic<std::uint64_t> next{0};
    std::atomic<int> error{0};
    std::atomic<bool> ended_early{false};
};

/// 0 or an errno; a short transfer counts as EIO, since no file is shorter than its room.
int transfer(const Run& run, const Place& place, char* buffer) {
    const Cell& cell = run.work.cell;
    const bool reads = cell.operation == Operation::kRead;
    if (run.mappings) {
        char* there = run.mappings->at(place);
        std::memcpy(reads ? buffer : there, reads ? there : buffer, cell.size_bytes);
        return 0;
    }
    const int descriptor = run.work.files.at(place.file);
    iovec part{buffer, cell.size_bytes};
    const auto offset = static_cast<off_t>(place.offset);
    const int flags = cell.sync == Sync::kDsync ? RWF_DSYNC : 0;
    const ssize_t done = reads ? ::preadv2(descriptor, &part, 1, offset, 0)
                               : ::pwritev2(descriptor, &part, 1, offset, flags);
    if (done < 0) return errno;
    return done == static_cast<ssize_t>(cell.size_bytes) ? 0 : EIO;
}

int operate(const Run& run, std::uint64_t number, char* buffer) {
    const Place place = run.work.places.at(number);
    if (const int error = transfer(run, place, buffer)) return error;
    if (!syncs_after(run.work.cell, number)) return 0;
    return ::fdatasync(run.work.files.at(place.file)) == 0 ? 0 : errno;
}

void work_through(Run& run, char* buffer, Histogram& latency_ns) {
    // The end of an operation is the beginning of the next: one look at the clock for each.
    std::int64_t began_ns = perf::now_ns();
    while (began_ns < run.deadline_ns && run.error == 0) {
        const std::uint64_t number = run.next.fetch_add(1, std::memory_order_relaxed);
        if (number >= run.work.operations_max) {
            run.ended_early = true;
            return;
        }
        if (const int error = operate(run, number, buffer)) {
            run.error = error;
            return;
        }
        const std::int64_t ended_ns = perf::now_ns();
        latency_ns.record(ended_ns - began_ns);
        began_ns = ended_ns;
    }
}

}  // namespace

Tally run_threads(const Work& work) {
    const Cell& cell = work.cell;
    std::unique_ptr<Mappings> mappings;
    if (cell.engine == Engine::kMapping) {
        mappings = std::make_unique<Mappings>(work.files, work.room_bytes);
    }
    std::vector<perf::Buffer> buffers;
    for (std::uint32_t i = 0; i < cell.depth; ++i)
        buffers.push_back(perf::make_buffer(cell.size_bytes));
    std::vector<Histogram> latencies(cell.depth);
    const std::int64_t began_ns = perf::now_ns();
    Run run{work, mappings.get(), began_ns + work.duration_ns};
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t i = 1; i < cell.depth; ++i) {
            threads.emplace_back([&, i] { work_through(run, buffers[i].get(), latencies[i]); });
        }
        work_through(run, buffers[0].get(), latencies[0]);
    }
    Tally tally;
    tally.elapsed_ns = perf::now_ns() - began_ns;
    if (run.error != 0)
        perf::fail(cell.operation == Operation::kRead ? "read" : "write", run.error);
    for (const Histogram& latency : latencies) tally.latency_ns.merge(latency);
    tally.operations = tally.latency_ns.count();
    tally.ended_early = run.ended_early;
    return tally;
}

}  // namespace millrace::access
