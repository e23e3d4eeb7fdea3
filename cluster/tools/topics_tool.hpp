// `millrace topics`: which topics there are, or the partitions of those that are named.
#pragma once

#include "cluster/tools/cluster.hpp"
#include "cluster/tools/terminal.hpp"

#include <string>
#include <vector>

namespace millrace {

struct TopicsOptions {
    std::vector<std::string> names;  // none: all topics, a line for each
    bool with_internal{};            // those of Kafka itself too, among all
    bool json{};
};

/// What it has to say.
Task<Outcome<std::string>> tell_topics(Cluster& cluster, const TopicsOptions& options,
                                       std::size_t columns);

}  // namespace millrace
