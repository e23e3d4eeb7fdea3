// `millrace consume`: records out of topics to the output, alone or as a member of a group.
#pragma once

#include "cluster/tools/cluster.hpp"
#include "cluster/tools/position.hpp"
#include "cluster/tools/record_output.hpp"
#include "cluster/tools/terminal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct ConsumeOptions {
    std::vector<std::string> topics;
    std::vector<std::int32_t> partitions;  // of each topic; none: all
    Position from;                         // in a group: where it has committed nothing
    std::string group;                     // empty: alone
    bool follow{};                         // goes on at the ends
    std::int64_t count_max{};              // 0: any number
    RecordFormat format;
    bool quiet{};  // no summary
};

/// Without `follow` it ends where the partitions ended when they were taken up. A group's offsets
/// are committed only for what has been written. An interruption, or a reader of the output that
/// has gone, is an early end and no failure.
Task<Outcome<>> consume(Cluster& cluster, const ConsumeOptions& options, const Terminal& terminal);

}  // namespace millrace
