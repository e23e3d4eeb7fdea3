// Offsets of partitions: where they begin, where they end, and which record came first after a
// time.
#pragma once

#include "cluster/tools/cluster.hpp"

#include <map>
#include <vector>

namespace millrace {

/// What ListOffsets takes in the place of a time.
inline constexpr std::int64_t kAtEnd = -1;
inline constexpr std::int64_t kAtBeginning = -2;

using Offsets = std::map<TopicPartition, std::int64_t>;

/// The offset of the first record at or behind `time`, in milliseconds since 1970, of each of the
/// partitions; kAtEnd and kAtBeginning in its place. -1 where no record is that young. One request
/// for each leader; a failure when one of the partitions has none.
Task<Outcome<Offsets>> list_offsets(Cluster& cluster, const std::vector<TopicPartition>& partitions,
                                    std::int64_t time);

/// The entry of a topic in a request, made when the last one is another's: for partitions that come
/// in the order of their topics.
template <class Topics>
auto& topic_at_end(Topics& topics, const std::string& name) {
    if (topics.empty() || topics.back().name != name) topics.emplace_back().name = name;
    return topics.back();
}

/// From where to where a partition goes.
struct Extent {
    std::int64_t begin{};
    std::int64_t end{};  // the offset that comes next

    bool operator==(const Extent&) const = default;
};

using Extents = std::map<TopicPartition, Extent>;

Task<Outcome<Extents>> list_extents(Cluster& cluster,
                                    const std::vector<TopicPartition>& partitions);

/// Of topics, those that have a leader.
std::vector<TopicPartition> led_partitions(const std::vector<Cluster::Topic>& topics);

/// All partitions of the topics, or those with the `wanted` indices in each. A failure when one of
/// them isn't there or has no leader.
Outcome<std::vector<TopicPartition>> choose_partitions(const std::vector<Cluster::Topic>& topics,
                                                       const std::vector<std::int32_t>& wanted);

}  // namespace millrace
