#include "cluster/tools/groups_tool.hpp"

#include "cluster/tools/group_facts.hpp"
#include "cluster/tools/json_text.hpp"
#include "cluster/tools/text_table.hpp"
#include "protocol/message/delete_groups.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

using Align = TextTable::Align;
using Wish = GroupsOptions::Wish;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string or_dash(std::optional<std::int64_t> number) {
    return number ? std::to_string(*number) : "-";
}

std::optional<std::int64_t> find(const Offsets& offsets, const TopicPartition& partition) {
    const auto found = offsets.find(partition);
    if (found == offsets.end()) return std::nullopt;
    return found->second;
}

std::string list_as_text(const std::vector<ListedGroup>& groups, std::size_t columns) {
    if (groups.empty()) return "no groups yet\n";
    TextTable table({{"GROUP"}, {"STATE"}, {"PROTOCOL"}, {"COORDINATOR", Align::kRight}});
    for (const ListedGroup& each : groups) {
        table.add_row({each.id, or_dash(each.state), or_dash(each.protocol_type),
                       std::to_string(each.coordinator)});
    }
    return table.to_string(columns);
}

std::string list_as_json(const std::vector<ListedGroup>& groups) {
    JsonText json;
    json.begin_object();
    json.key("groups");
    json.begin_array();
    for (const ListedGroup& each : groups) {
        json.begin_object();
        json.field("group", each.id);
        json.field("state", each.state);
        json.field("protocol_type", each.protocol_type);
        json.field("coordinator", each.coordinator);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.text() + "\n";
}

Task<Outcome<std::string>> list(Cluster& cluster, const GroupsOptions& options,
                                std::size_t columns) {
    const auto groups = co_await list_groups(cluster);
    if (!groups) co_return groups.error();
    if (options.json) co_return list_as_json(*groups);
    co_return list_as_text(*groups, columns);
}

std::string head_of(const GroupFacts& group) {
    return fmt::format("{}: {}, {}, {}coordinator {}, lag {}\n", group.id, group.state,
                       members_in_words(group), group.assignor.empty() ? "" : group.assignor + ", ",
                       group.coordinator, or_dash(group.total_lag()));
}

/// Those that were given nothing have lines too.
void add_idle_members(TextTable& table, const GroupFacts& group) {
    for (const GroupMemberFacts& each : group.members) {
        if (!each.partitions.empty()) continue;
        table.add_row({"-", "-", "-", "-", "-", each.client_id, each.host, each.id});
    }
}

std::string as_text(const GroupFacts& group, std::size_t columns) {
    TextTable table({{"TOPIC"},
                     {"PARTITION", Align::kRight},
                     {"COMMITTED", Align::kRight},
                     {"END", Align::kRight},
                     {"LAG", Align::kRight},
                     {"CLIENT"},
                     {"HOST", Align::kLeft, true},
                     {"MEMBER", Align::kLeft, true}});
    for (const TopicPartition& each : group.partitions()) {
        const GroupMemberFacts* const owner = group.owner_of(each);
        table.add_row({each.topic, std::to_string(each.partition.value),
                       or_dash(find(group.committed, each)), or_dash(find(group.ends, each)),
                       or_dash(group.lag_of(each)), owner == nullptr ? "-" : owner->client_id,
                       owner == nullptr ? "-" : owner->host, owner == nullptr ? "-" : owner->id});
    }
    add_idle_members(table, group);
    if (group.partitions().empty() && group.members.empty()) return head_of(group);
    return head_of(group) + table.to_string(columns);
}

void add_number(JsonText& json, std::string_view name, std::optional<std::int64_t> number) {
    if (number) return json.field(name, *number);
    json.null_field(name);
}

void add_partitions(JsonText& json, const GroupFacts& group) {
    json.key("partitions");
    json.begin_array();
    for (const TopicPartition& each : group.partitions()) {
        json.begin_object();
        json.field("topic", each.topic);
        json.field("partition", each.partition.value);
        add_number(json, "committed", find(group.committed, each));
        add_number(json, "end", find(group.ends, each));
        add_number(json, "lag", group.lag_of(each));
        const GroupMemberFacts* const owner = group.owner_of(each);
        if (owner == nullptr) {
            json.null_field("member");
        } else {
            json.field("member", owner->id);
        }
        json.end_object();
    }
    json.end_array();
}

void add_members(JsonText& json, const GroupFacts& group) {
    json.key("members");
    json.begin_array();
    for (const GroupMemberFacts& each : group.members) {
        json.begin_object();
        json.field("member", each.id);
        json.field("instance", each.instance_id);
        json.field("client", each.client_id);
        json.field("host", each.host);
        json.field("partitions", each.partitions.size());
        json.end_object();
    }
    json.end_array();
}

void add_group(JsonText& json, const GroupFacts& group) {
    json.begin_object();
    json.field("group", group.id);
    json.field("state", group.state);
    json.field("assignor", group.assignor);
    json.field("coordinator", group.coordinator);
    add_number(json, "lag", group.total_lag());
    add_members(json, group);
    add_partitions(json, group);
    json.end_object();
}

Task<Outcome<std::string>> describe(Cluster& cluster, const GroupsOptions& options,
                                    std::size_t columns) {
    std::string text;
    JsonText json;
    json.begin_object();
    json.key("groups");
    json.begin_array();
    for (const std::string& each : options.groups) {
        const auto group = co_await describe_group(cluster, each);
        if (!group) co_return group.error();
        if (!text.empty()) text += '\n';
        text += as_text(*group, columns);
        add_group(json, *group);
    }
    json.end_array();
    json.end_object();
    if (options.json) co_return json.text() + "\n";
    co_return text;
}

/// One that has members is refused by its coordinator.
Task<Outcome<>> delete_one(Cluster& cluster, const std::string& id) {
    const auto found = co_await find_group(cluster, id);
    if (!found) co_return found.error();
    if (!found->members.empty()) co_return in_use(*found);
    const auto link = co_await cluster.coordinator(id);
    if (!link) co_return link.error();
    DeleteGroupsRequest request;
    request.groups_names.push_back(id);
    const auto response = co_await (*link)->ask<DeleteGroupsResponse>(request);
    if (!response) co_return response.error();
    for (const auto& each : response->results) {
        if (each.error_code != 0) co_return refused_by_kafka("group " + id, each.error_code);
    }
    co_return Outcome<>();
}

Task<Outcome<std::string>> delete_all(Cluster& cluster, const GroupsOptions& options) {
    std::string text;
    JsonText json;
    json.begin_object();
    json.key("deleted");
    json.begin_array();
    for (const std::string& each : options.groups) {
        const auto deleted = co_await delete_one(cluster, each);
        if (!deleted) co_return deleted.error();
        text += fmt::format("deleted {}\n", each);
        json.value(each);
    }
    json.end_array();
    json.end_object();
    if (options.json) co_return json.text() + "\n";
    co_return text;
}

}  // namespace

Task<Outcome<std::string>> run_groups(Cluster& cluster, const GroupsOptions& options,
                                      std::size_t columns) {
    switch (options.wish) {
        case Wish::kList: return list(cluster, options, columns);
        case Wish::kDescribe: return describe(cluster, options, columns);
        case Wish::kReset: return reset_group(cluster, options, columns);
        case Wish::kDelete: break;
    }
    return delete_all(cluster, options);
}

}  // namespace millrace
