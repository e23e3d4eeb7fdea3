#include "perf/common/time_used.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace millrace::perf {

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

double process_cpu_s() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

MachineTime machine_time() {
    std::ifstream stat("/proc/stat");
    return machine_time_in(stat);
}

MachineTime machine_time_in(std::istream& stat) {
    enum Column { kUser, kNice, kSystem, kIdle, kWait, kInterrupts, kSoftInterrupts, kSteal, kEnd };
    std::string processor;
    stat >> processor;
    MachineTime time;
    for (int column = kUser; column < kEnd; ++column) {
        std::uint64_t ticks = 0;
        stat >> ticks;
        time.all += ticks;
        if (column == kSteal) time.steal = ticks;
        if (column != kIdle && column != kWait && column != kSteal) time.busy += ticks;
    }
    return time;
}

double busy_s(const MachineTime& before, const MachineTime& after) {
    return static_cast<double>(after.busy - before.busy) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double steal_share(const MachineTime& before, const MachineTime& after) {
    return static_cast<double>(after.steal - before.steal) /
           static_cast<double>(std::max<std::uint64_t>(after.all - before.all, 1));
}

}  // namespace millrace::perf
