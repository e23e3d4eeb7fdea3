// Which cells a run measures, in which order, on how much disk, and how long that takes.
#pragma once

#include "perf/access/cell.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::access {

/// How much of everything; the bytes of all file sets together stay within the limit of the run.
struct Scale {
    bool full{};
    double measure_s{};
    /// What making a cell's files, emptying or filling its cache, and syncing its rest may take.
    double around_s{};
    std::uint64_t written_bytes{};       // the one file that most cells use
    std::uint64_t written_many_bytes{};  // all files together of the sets of 16, of 256, of 4096
    std::uint64_t scratch_bytes{};       // what a cell may append
    /// A bound on what a cell leaves for the disk to write afterwards.
    std::uint64_t unsynced_operations_max{};
    int rounds{};
};

Scale scale_of(bool full);

/// Length of each file that the cell touches.
std::uint64_t room_bytes(const Cell& cell, const Scale& scale);

/// Why the cell can't be on any machine, or empty.
std::string contradiction(const Cell& cell, const Scale& scale);

struct Base {
    const char* name;
    Cell cell;
};
/// What a log broker does to a disk, six times.
const std::vector<Base>& bases();

/// The two cells whose ratio says what order is worth to `base`: in order, and not. Neither extends
/// its file unless both can.
struct Pair {
    Cell in_order;
    Cell other;
};
Pair pair_of(const Cell& base);

/// The same in order.
Cell sequential_twin(Cell cell);

enum class Part { kPair, kAxis, kMap };

struct PlannedCell {
    Cell cell;
    Part part{};
    std::string base;  // of kPair and kAxis
    std::string axis;  // of kAxis: what differs from the base
    int round{1};

    std::string id() const;
};

/// Pairs first, then maps, then axes, so that a run that ends early has shown what matters most.
/// Each id is there once.
std::vector<PlannedCell> make_plan(const Scale& scale);

double estimated_s(const std::vector<PlannedCell>& plan, const Scale& scale);

}  // namespace millrace::access
