// What the program prints: one JSON object a line, so that a run that ends early has lost nothing.
#pragma once

#include "perf/access/measure.hpp"
#include "perf/access/plan.hpp"

#include <string>
#include <vector>

namespace millrace::access {

std::string plan_line(const std::vector<PlannedCell>& plan, const Scale& scale);
std::string machine_line(std::uint32_t direct_unit, const perf::Punts& punts);
std::string cell_line(const PlannedCell& planned, const Measured& measured);
/// The cell is not possible here.
std::string refused_line(const PlannedCell& planned, const std::string& why);

}  // namespace millrace::access
