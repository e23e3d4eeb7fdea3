// Figures as Prometheus reads them: its text format, version 0.0.4.
#pragma once

#include "core/observe/metrics.hpp"

#include <string>

namespace millrace {

inline constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

/// HELP, TYPE and samples of every figure, by name. A histogram's buckets end one below the powers
/// of two, where ours end too, so that no value is in the wrong one; there are as many at every
/// moment, and what is larger than all of them is in the last, +Inf.
std::string prometheus_text(const MetricsSnapshot& figures);

}  // namespace millrace
