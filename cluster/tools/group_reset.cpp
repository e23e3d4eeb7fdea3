// `millrace groups reset`: what a group has committed is moved, and before that shown.
#include "cluster/tools/group_facts.hpp"
#include "cluster/tools/groups_tool.hpp"
#include "cluster/tools/json_text.hpp"
#include "cluster/tools/text_table.hpp"

#include <set>

namespace millrace {
namespace {

using Align = TextTable::Align;

Task<Outcome<std::vector<TopicPartition>>> choose(Cluster& cluster, const GroupsOptions& options,
                                                  const Offsets& committed) {
    std::vector<std::string> names = options.topics;
    if (names.empty()) {
        std::set<std::string> known;
        for (const auto& [partition, offset] : committed) known.insert(partition.topic);
        names.assign(known.begin(), known.end());
    }
    if (names.empty()) co_return refused("the group has committed nothing: name a topic");
    const auto topics = co_await cluster.topics(names);
    if (!topics) co_return topics.error();
    co_return choose_partitions(*topics, options.partitions);
}

std::string before(const Offsets& committed, const TopicPartition& partition) {
    const auto found = committed.find(partition);
    return found == committed.end() ? "-" : std::to_string(found->second);
}

std::string as_text(const GroupsOptions& options, const Offsets& committed, const Offsets& wanted,
                    std::size_t columns) {
    TextTable table({{"TOPIC"},
                     {"PARTITION", Align::kRight},
                     {"COMMITTED", Align::kRight},
                     {"NEW", Align::kRight}});
    for (const auto& [partition, offset] : wanted) {
        table.add_row({partition.topic, std::to_string(partition.partition.value),
                       before(committed, partition), std::to_string(offset)});
    }
    const char* const end = options.execute
                                ? "Done.\n"
                                : "Nothing has been changed. The same with --execute does it.\n";
    return table.to_string(columns) + end;
}

std::string as_json(const GroupsOptions& options, const Offsets& committed, const Offsets& wanted) {
    JsonText json;
    json.begin_object();
    json.field("group", options.groups.front());
    json.field("executed", options.execute);
    json.key("partitions");
    json.begin_array();
    for (const auto& [partition, offset] : wanted) {
        json.begin_object();
        json.field("topic", partition.topic);
        json.field("partition", partition.partition.value);
        const auto found = committed.find(partition);
        if (found == committed.end()) {
            json.null_field("committed");
        } else {
            json.field("committed", found->second);
        }
        json.field("new", offset);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.text() + "\n";
}

}  // namespace

Task<Outcome<std::string>> reset_group(Cluster& cluster, const GroupsOptions& options,
                                       std::size_t columns) {
    const std::string& id = options.groups.front();
    const auto group = co_await find_group(cluster, id);
    if (!group) co_return group.error();
    if (!group->members.empty()) co_return in_use(*group);
    const auto committed = co_await fetch_committed(cluster, id);
    if (!committed) co_return committed.error();
    const auto partitions = co_await choose(cluster, options, *committed);
    if (!partitions) co_return partitions.error();
    const auto wanted = co_await find_positions(cluster, *partitions, options.to);
    if (!wanted) co_return wanted.error();
    if (options.execute) {
        const std::string nobody;
        const auto code = co_await commit_offsets(cluster, id, nobody, -1, *wanted);
        if (!code) co_return code.error();
        if (*code != ErrorCode::kNone) co_return refused_by_kafka("group " + id, raw(*code));
    }
    if (options.json) co_return as_json(options, *committed, *wanted);
    co_return as_text(options, *committed, *wanted, columns);
}

}  // namespace millrace
