// `millrace produce`: records out of files or the input into a topic.
#pragma once

#include "cluster/tools/cluster.hpp"
#include "cluster/tools/partitioner.hpp"
#include "cluster/tools/record_sender.hpp"
#include "cluster/tools/terminal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct ProduceOptions {
    std::string topic;
    std::vector<std::string> files;  // none, or "-": the input
    std::optional<std::int32_t> partition;
    Partitioner::Rule rule = Partitioner::Rule::kByKey;
    std::string separator = "\n";
    std::optional<std::string> key_separator;
    bool empty_is_null{};  // an empty value deletes its key, where the topic is compacted
    bool create{};         // makes the topic when it isn't there
    SendOptions sending;
    bool json{};   // the summary goes to the output, as an object
    bool quiet{};  // no summary
};

/// Success: all records are acknowledged, in the order of the input within each partition.
Task<Outcome<>> produce(Cluster& cluster, const ProduceOptions& options, const Terminal& terminal);

}  // namespace millrace
