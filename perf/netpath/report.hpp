// What the program prints: one JSON object a line.
#pragma once

#include "perf/netpath/measure.hpp"
#include "perf/netpath/plan.hpp"

#include <string>
#include <vector>

namespace millrace::netpath {

std::string plan_line(const std::vector<PlannedCell>& plan, const Scale& scale);
std::string machine_line(const Scale& scale, const perf::Punts& punts, double copy_bytes_per_s);
std::string cell_line(const PlannedCell& planned, const Measured& measured);
/// The path is not possible here.
std::string refused_line(const PlannedCell& planned, const std::string& why);

}  // namespace millrace::netpath
