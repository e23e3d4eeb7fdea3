// Measures one cell: makes its files and its cache state, runs its engine, and adds up the cost.
#pragma once

#include "perf/access/file_set.hpp"
#include "perf/common/punts.hpp"

#include <optional>
#include <string>

namespace millrace::access {

struct Measured {
    std::uint64_t operations{};
    double elapsed_s{};
    double p50_us{};
    double p99_us{};
    double cpu_us_per_operation{};                // of all threads, the kernel's workers included
    std::optional<double> punts_per_operation{};  // nothing where it can't be counted
    double settle_s{};                            // until what it left in memory is on the disk
    double steal_share{};                         // of the machine's time, taken by its host
    bool ended_early{};
};

/// Why the cell can't be measured on this machine, or empty; `direct_unit` as FileSet has it.
std::string refusal(const Cell& cell, std::uint32_t direct_unit);

/// The seed of what is random is the cell's round. Throws std::system_error when the machine
/// refuses the cell.
Measured measure(const PlannedCell& planned, FileSet& set, const Scale& scale,
                 const perf::Punts& punts);

}  // namespace millrace::access
