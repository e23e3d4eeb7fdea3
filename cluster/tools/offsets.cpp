#include "cluster/tools/offsets.hpp"

#include "protocol/message/list_offsets.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::int32_t kNoReplica = -1;
/// Below it the answer is a list of offsets.
constexpr std::int16_t kOneOffsetFrom = 1;

/// `partitions` in the order of their topics.
ListOffsetsRequest request_for(const std::vector<TopicPartition>& partitions, std::int64_t time) {
    ListOffsetsRequest request;
    request.replica_id = kNoReplica;
    for (const TopicPartition& each : partitions) {
        auto& partition = topic_at_end(request.topics, each.topic).partitions.emplace_back();
        partition.index = each.partition.value;
        partition.timestamp = time;
    }
    return request;
}

Outcome<> take(const ListOffsetsResponse& response, Offsets& offsets) {
    for (const auto& topic : response.topics) {
        for (const auto& each : topic.partitions) {
            const TopicPartition partition{topic.name, PartitionIndex{each.index}};
            if (each.error_code != 0) {
                return refused_by_kafka("offsets of " + partition.folder(), each.error_code);
            }
            offsets[partition] = each.offset;
        }
    }
    return {};
}

bool is_one_of(const std::vector<std::int32_t>& indices, std::int32_t index) {
    return std::ranges::find(indices, index) != indices.end();
}

Outcome<> expect_all_there(const Cluster::Topic& topic, const std::vector<std::int32_t>& wanted) {
    const std::string name = topic.name.value_or("");
    for (const std::int32_t each : wanted) {
        const bool is_there = std::ranges::any_of(
            topic.partitions, [each](const auto& partition) { return partition.index == each; });
        if (is_there) continue;
        return refused(fmt::format("topic {} has {} partitions, counted from 0", name,
                                   topic.partitions.size()));
    }
    return {};
}

}  // namespace

Task<Outcome<Offsets>> list_offsets(Cluster& cluster, const std::vector<TopicPartition>& partitions,
                                    std::int64_t time) {
    std::map<std::int32_t, std::vector<TopicPartition>> by_leader;
    for (const TopicPartition& each : partitions) {
        by_leader[cluster.leader_of(each)].push_back(each);
    }
    Offsets offsets;
    for (auto& [leader, led] : by_leader) {
        std::sort(led.begin(), led.end());
        const auto link = co_await cluster.leader(led.front());
        if (!link) co_return link.error();
        if ((*link)->version_of<ListOffsetsRequest>().value_or(0) < kOneOffsetFrom) {
            co_return refused("the brokers are older than Kafka 0.10.1: they list no offsets");
        }
        const ListOffsetsRequest request = request_for(led, time);
        const auto response = co_await (*link)->ask<ListOffsetsResponse>(request);
        if (!response) co_return response.error();
        const auto taken = take(*response, offsets);
        if (!taken) co_return taken.error();
    }
    co_return offsets;
}

Task<Outcome<Extents>> list_extents(Cluster& cluster,
                                    const std::vector<TopicPartition>& partitions) {
    const auto begins = co_await list_offsets(cluster, partitions, kAtBeginning);
    if (!begins) co_return begins.error();
    const auto ends = co_await list_offsets(cluster, partitions, kAtEnd);
    if (!ends) co_return ends.error();
    Extents extents;
    for (const auto& [partition, begin] : *begins) {
        const auto end = ends->find(partition);
        if (end != ends->end()) extents[partition] = {begin, end->second};
    }
    co_return extents;
}

std::vector<TopicPartition> led_partitions(const std::vector<Cluster::Topic>& topics) {
    std::vector<TopicPartition> partitions;
    for (const Cluster::Topic& topic : topics) {
        for (const auto& each : topic.partitions) {
            if (each.leader_id < 0) continue;
            partitions.push_back({topic.name.value_or(""), PartitionIndex{each.index}});
        }
    }
    return partitions;
}

Outcome<std::vector<TopicPartition>> choose_partitions(const std::vector<Cluster::Topic>& topics,
                                                       const std::vector<std::int32_t>& wanted) {
    std::vector<TopicPartition> chosen;
    for (const Cluster::Topic& topic : topics) {
        const auto all_there = expect_all_there(topic, wanted);
        if (!all_there) return all_there.error();
        for (const auto& each : topic.partitions) {
            if (!wanted.empty() && !is_one_of(wanted, each.index)) continue;
            chosen.push_back({topic.name.value_or(""), PartitionIndex{each.index}});
            if (each.leader_id < 0) return has_no_leader(chosen.back());
        }
    }
    return chosen;
}

}  // namespace millrace
