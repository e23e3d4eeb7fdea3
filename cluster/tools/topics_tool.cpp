#include "cluster/tools/topics_tool.hpp"

#include "cluster/tools/json_text.hpp"
#include "cluster/tools/offsets.hpp"
#include "cluster/tools/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

using Topic = Cluster::Topic;
using Partition = MetadataResponse::Partition;
using Align = TextTable::Align;

struct Health {
    std::int64_t leaderless{};
    std::int64_t under_replicated{};  // with a leader
};

Health health_of(const Topic& topic) {
    Health health;
    for (const Partition& each : topic.partitions) {
        if (each.leader_id < 0) {
            ++health.leaderless;
        } else if (each.isr.size() < each.replicas.size()) {
            ++health.under_replicated;
        }
    }
    return health;
}

std::string in_words(const Health& health) {
    if (health.leaderless > 0) return fmt::format("{} without leader", health.leaderless);
    if (health.under_replicated > 0) {
        return fmt::format("{} under-replicated", health.under_replicated);
    }
    return "ok";
}

/// Of the partition that has most.
std::size_t replicas_of(const Topic& topic) {
    std::size_t most = 0;
    for (const Partition& each : topic.partitions) most = std::max(most, each.replicas.size());
    return most;
}

std::string list_as_text(const std::vector<Topic>& topics, std::size_t columns) {
    if (topics.empty()) return "no topics yet\n";
    TextTable table({{"TOPIC"},
                     {"PARTITIONS", Align::kRight},
                     {"REPLICAS", Align::kRight},
                     {"STATE"},
                     {"ID", Align::kLeft, true}});
    for (const Topic& each : topics) {
        table.add_row({each.name.value_or(""), std::to_string(each.partitions.size()),
                       std::to_string(replicas_of(each)), in_words(health_of(each)),
                       each.topic_id.is_zero() ? "-" : each.topic_id.to_string()});
    }
    return table.to_string(columns);
}

std::string list_as_json(const std::vector<Topic>& topics) {
    JsonText json;
    json.begin_object();
    json.key("topics");
    json.begin_array();
    for (const Topic& each : topics) {
        const Health health = health_of(each);
        json.begin_object();
        json.field("name", each.name.value_or(""));
        json.field("id", each.topic_id.to_string());
        json.field("internal", each.is_internal);
        json.field("partitions", each.partitions.size());
        json.field("replicas", replicas_of(each));
        json.field("without_leader", health.leaderless);
        json.field("under_replicated", health.under_replicated);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.text() + "\n";
}

Task<Outcome<std::string>> list(Cluster& cluster, const TopicsOptions& options,
                                std::size_t columns) {
    auto topics = co_await cluster.all_topics();
    if (!topics) co_return topics.error();
    if (!options.with_internal) {
        std::erase_if(*topics, [](const Topic& each) { return each.is_internal; });
    }
    if (options.json) co_return list_as_json(*topics);
    co_return list_as_text(*topics, columns);
}

std::string joined(const std::vector<std::int32_t>& ids) {
    return ids.empty() ? "-" : fmt::format("{}", fmt::join(ids, ","));
}

const Extent* extent_of(const Extents& extents, const Topic& topic, std::int32_t index) {
    const auto found = extents.find({topic.name.value_or(""), PartitionIndex{index}});
    return found == extents.end() ? nullptr : &found->second;
}

void add_partition(TextTable& table, const Topic& topic, const Partition& partition,
                   const Extent* extent) {
    const auto number = [extent](std::int64_t value) {
        return extent == nullptr ? std::string("-") : std::to_string(value);
    };
    const Extent known = extent == nullptr ? Extent{} : *extent;
    table.add_row({topic.name.value_or(""), std::to_string(partition.index),
                   partition.leader_id < 0 ? "none" : std::to_string(partition.leader_id),
                   number(known.begin), number(known.end), number(known.end - known.begin),
                   joined(partition.replicas), joined(partition.isr)});
}

std::string partitions_as_text(const std::vector<Topic>& topics, const Extents& extents,
                               std::size_t columns) {
    TextTable table({{"TOPIC"},
                     {"PARTITION", Align::kRight},
                     {"LEADER", Align::kRight},
                     {"BEGIN", Align::kRight},
                     {"END", Align::kRight},
                     {"OFFSETS", Align::kRight, true},
                     {"REPLICAS"},
                     {"IN SYNC"}});
    for (const Topic& topic : topics) {
        for (const Partition& each : topic.partitions) {
            add_partition(table, topic, each, extent_of(extents, topic, each.index));
        }
    }
    return table.to_string(columns);
}

void add_ids(JsonText& json, std::string_view name, const std::vector<std::int32_t>& ids) {
    json.key(name);
    json.begin_array();
    for (const std::int32_t each : ids) json.value(each);
    json.end_array();
}

void add_partition(JsonText& json, const Partition& partition, const Extent* extent) {
    json.begin_object();
    json.field("partition", partition.index);
    json.field("leader", partition.leader_id);
    if (extent != nullptr) {
        json.field("begin", extent->begin);
        json.field("end", extent->end);
    }
    add_ids(json, "replicas", partition.replicas);
    add_ids(json, "in_sync", partition.isr);
    json.end_object();
}

std::string partitions_as_json(const std::vector<Topic>& topics, const Extents& extents) {
    JsonText json;
    json.begin_object();
    json.key("topics");
    json.begin_array();
    for (const Topic& topic : topics) {
        json.begin_object();
        json.field("name", topic.name.value_or(""));
        json.field("id", topic.topic_id.to_string());
        json.field("internal", topic.is_internal);
        json.key("partitions");
        json.begin_array();
        for (const Partition& each : topic.partitions) {
            add_partition(json, each, extent_of(extents, topic, each.index));
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.text() + "\n";
}

Task<Outcome<std::string>> describe(Cluster& cluster, const TopicsOptions& options,
                                    std::size_t columns) {
    const auto topics = co_await cluster.topics(options.names);
    if (!topics) co_return topics.error();
    const std::vector<TopicPartition> led = led_partitions(*topics);
    const auto extents = co_await list_extents(cluster, led);
    if (!extents) co_return extents.error();
    if (options.json) co_return partitions_as_json(*topics, *extents);
    co_return partitions_as_text(*topics, *extents, columns);
}

}  // namespace

Task<Outcome<std::string>> tell_topics(Cluster& cluster, const TopicsOptions& options,
                                       std::size_t columns) {
    if (options.names.empty()) return list(cluster, options, columns);
    return describe(cluster, options, columns);
}

}  // namespace millrace
