// millrace_sim SEED runs one seed and prints what happened; --seeds FIRST COUNT runs many and adds
// up. Ends with 1 and the seed when a checker complains, or when over many seeds a fault never
// fired. --find FIRST COUNT stops at the first seed that finds a bug, and ends with 0 then.
#include "tests/sim/workload.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace millrace::sim {
namespace {

std::uint64_t seed_running = 0;

/// A broken invariant ends the process: which seed it was is the one thing to know.
void tell_seed(int) {
    const auto seed = static_cast<unsigned long long>(seed_running);
    std::fprintf(stderr, "found by seed %llu; repeat it with: ./dev sim %llu\n", seed, seed);
}

Outcome run(std::uint64_t seed, bool print_log) {
    seed_running = seed;
    return run_seed(seed, print_log);
}

struct Total {
    const char* name;
    std::uint64_t count;
};

std::vector<Total> counts(const Outcome& outcome) {
    return {{"requests", outcome.requests},
            {"acknowledged batches", outcome.acknowledged},
            {"repeated batches", outcome.repeats},
            {"topics deleted", outcome.topics_deleted},
            {"kills", outcome.kills},
            {"power losses", outcome.power_losses},
            {"clean restarts", outcome.clean_restarts},
            {"failed starts", outcome.failed_starts},
            {"directories out of service", outcome.out_of_service},
            {"starts without a directory", outcome.starts_without_directory},
            {"stops for want of storage", outcome.storage_gone},
            {"storage errors answered", outcome.storage_errors},
            {"served beside a failed one", outcome.served_beside_failed},
            {"records deleted", outcome.deletions},
            {"segments deleted", outcome.segments_deleted},
            {"compacted logs cleaned", outcome.cleanings},
            {"members with a share", outcome.shares_taken},
            {"offsets committed", outcome.offsets_committed},
            {"stale commits refused", outcome.stale_commits_refused},
            {"directories taken away", outcome.disk.folders_taken_away},
            {"directories full", outcome.full_directories},
            {"directories full no more", outcome.full_no_more},
            {"replays", outcome.replays},
            {"journals rotted", outcome.disk.rotted},
            {"rotten starts refused", outcome.found_damaged},
            {"recoveries that accept loss", outcome.salvages},
            {"offsets given up", outcome.offsets_given_up},
            {"checkpoints", outcome.checkpoints},
            {"journal files used again", outcome.files_used_again},
            {"read errors", outcome.disk.read_error.fired},
            {"write errors", outcome.disk.write_error.fired},
            {"sync errors", outcome.disk.sync_error.fired},
            {"no room, by chance", outcome.disk.no_space.fired},
            {"disk full", outcome.disk.disk_full},
            {"short reads", outcome.disk.short_read.fired},
            {"short writes", outcome.disk.short_write.fired},
            {"pages lost", outcome.disk.pages_lost},
            {"writes torn", outcome.disk.pages_torn},
            {"names lost", outcome.disk.names_lost},
            {"sizes lost", outcome.disk.sizes_lost},
            {"connections reset", outcome.network.resets},
            {"short receives", outcome.network.short_receives},
            {"half-open peers", outcome.network.half_open},
            {"steps", outcome.steps},
            {"virtual seconds", static_cast<std::uint64_t>(outcome.virtual_ms / 1000)}};
}

bool report(std::uint64_t seed, const Outcome& outcome) {
    for (const std::string& each : outcome.violations) {
        fmt::print("VIOLATION seed {}: {}\n", seed, each);
    }
    if (outcome.violations.empty()) return true;
    fmt::print("repeat it with: ./dev sim {}\n", seed);
    return false;
}

int run_one(std::uint64_t seed) {
    const Outcome outcome = run(seed, std::getenv("MILLRACE_SIM_LOG") != nullptr);
    for (const Total& each : counts(outcome)) fmt::print("{:>28} {}\n", each.name, each.count);
    fmt::print("{:>28} {:016x}\n", "trace hash", outcome.trace_hash);
    return report(seed, outcome) ? 0 : 1;
}

int run_many(std::uint64_t first, std::uint64_t count, bool all_must_fire) {
    const auto begun = std::chrono::steady_clock::now();
    std::vector<Total> sums;
    std::uint64_t bad = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const Outcome outcome = run(seed, false);
        if (!report(seed, outcome)) ++bad;
        const auto mine = counts(outcome);
        if (sums.empty()) sums.resize(mine.size(), Total{"", 0});
        for (std::size_t i = 0; i < mine.size(); ++i) {
            sums[i] = {mine[i].name, sums[i].count + mine[i].count};
        }
        std::fflush(stdout);
    }
    for (const Total& each : sums) {
        fmt::print("{:>28} {}\n", each.name, each.count);
        if (each.count == 0 && all_must_fire) {
            fmt::print("never fired: {}\n", each.name);
            ++bad;
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    fmt::print("{} seeds from {} in {:.1f} s\n", count, first, took.count());
    fmt::print("{} passed, {} failed\n", count - std::min(bad, count), bad);
    return bad == 0 ? 0 : 1;
}

/// The first seed with a violation; 1 when there is none.
int find(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        if (report(seed, run(seed, false))) continue;
        fmt::print("found by seed {}\n", seed);
        return 0;
    }
    return 1;
}

}  // namespace
}  // namespace millrace::sim

int main(int count, char** values) {
    std::signal(SIGABRT, millrace::sim::tell_seed);
    const auto number = [](const char* text) { return std::strtoull(text, nullptr, 10); };
    if (count == 2) return millrace::sim::run_one(number(values[1]));
    if (count == 4 && std::strcmp(values[1], "--seeds") == 0) {
        const auto seeds = number(values[3]);
        return millrace::sim::run_many(number(values[2]), seeds, seeds >= 100);
    }
    if (count == 4 && std::strcmp(values[1], "--find") == 0) {
        return millrace::sim::find(number(values[2]), number(values[3]));
    }
    std::fputs("usage: millrace_sim SEED | --seeds FIRST COUNT | --find FIRST COUNT\n", stderr);
    return 2;
}
