// `millrace groups`: the consumer groups of a cluster, one of them with its lag, and what can be
// changed of them from outside.
#pragma once

#include "cluster/tools/cluster.hpp"
#include "cluster/tools/position.hpp"

#include <string>
#include <vector>

namespace millrace {

struct GroupsOptions {
    enum class Wish { kList, kDescribe, kReset, kDelete };

    Wish wish = Wish::kList;
    std::vector<std::string> groups;
    std::vector<std::string> topics;       // of kReset; none: all that the group has committed
    std::vector<std::int32_t> partitions;  // of kReset, of each topic; none: all
    Position to;                           // of kReset
    bool execute{};                        // of kReset; without it nothing is changed
    bool json{};
};

/// Does it, and returns what there is to say about it.
Task<Outcome<std::string>> run_groups(Cluster& cluster, const GroupsOptions& options,
                                      std::size_t columns);

/// kReset: moves what the group has committed. Nobody may be in it.
Task<Outcome<std::string>> reset_group(Cluster& cluster, const GroupsOptions& options,
                                       std::size_t columns);

}  // namespace millrace
