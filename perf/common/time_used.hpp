// Whose time has passed: the clock's, this process', and the machine's.
#pragma once

#include <cstdint>
#include <istream>

namespace millrace::perf {

/// CLOCK_MONOTONIC.
std::int64_t now_ns();

/// Processor time of this process, of all its threads and the kernel's workers for it.
double process_cpu_s();

/// Of all processors since the machine began, in ticks, which are coarse: a hundredth of a second
/// mostly.
struct MachineTime {
    std::uint64_t busy{};   // neither idle, nor waiting for a disk, nor taken by the host
    std::uint64_t steal{};  // taken by the host
    std::uint64_t all{};
};

MachineTime machine_time();
/// The same out of the first line of /proc/stat.
MachineTime machine_time_in(std::istream& stat);

double busy_s(const MachineTime& before, const MachineTime& after);
double steal_share(const MachineTime& before, const MachineTime& after);

}  // namespace millrace::perf
