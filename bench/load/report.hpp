// What the load generator tells at the end: one JSON object on a line.
#pragma once

#include "bench/load/course.hpp"
#include "bench/load/shape.hpp"

#include <string>

namespace millrace::bench {

/// What is not asked for, and not counted by the connections.
struct Circumstances {
    std::int32_t partitions{};
    std::size_t connections{};
    double cpu_s{};  // of this process, while it was measured
};

/// MB are 10^6 bytes of values. Latency is null with acks=0: nobody tells.
std::string result_line(const Shape& shape, const Circumstances& circumstances, const Tally& tally);

}  // namespace millrace::bench
