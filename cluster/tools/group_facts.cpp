#include "cluster/tools/group_facts.hpp"

#include "cluster/tools/consumer_protocol.hpp"
#include "cluster/tools/nearest.hpp"
#include "core/runtime/timer.hpp"
#include "protocol/message/describe_groups.hpp"
#include "protocol/message/list_groups.hpp"
#include "protocol/message/offset_commit.hpp"
#include "protocol/message/offset_fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace millrace {
namespace {

constexpr std::int16_t kManyGroupsFrom = 8;
/// Below it a request has to name the partitions, or finds nothing.
constexpr std::int16_t kAllTopicsFrom = 2;
constexpr Duration kBetweenQuestions = std::chrono::milliseconds(100);
constexpr int kQuestionsMax = 100;

const std::string kDead = "Dead";

/// What one broker coordinates. A broker that still loads is asked again.
Task<Outcome<>> list_of(Cluster& cluster, std::int32_t broker, std::vector<ListedGroup>& groups) {
    const auto link = co_await cluster.broker(broker);
    if (!link) co_return link.error();
    const ListGroupsRequest request;
    for (int i = 0;; ++i) {
        const auto response = co_await (*link)->ask<ListGroupsResponse>(request);
        if (!response) co_return response.error();
        const auto code = static_cast<ErrorCode>(response->error_code);
        if (code != ErrorCode::kNone && (!is_retriable(code) || i == kQuestionsMax)) {
            co_return refused_by_kafka("groups of broker " + std::to_string(broker),
                                       response->error_code);
        }
        if (code != ErrorCode::kNone) {
            co_await sleep_for(cluster.world(), kBetweenQuestions);
            continue;
        }
        for (const auto& each : response->groups) {
            groups.push_back({each.group_id, each.group_state, each.protocol_type, broker});
        }
        co_return Outcome<>();
    }
}

GroupFacts facts_of(const DescribeGroupsResponse::DescribedGroup& described) {
    GroupFacts facts;
    facts.id = described.group_id;
    facts.state = described.group_state;
    facts.assignor = described.protocol_data;
    for (const auto& each : described.members) {
        GroupMemberFacts& member = facts.members.emplace_back();
        member.id = each.member_id;
        member.instance_id = each.group_instance_id.value_or("");
        member.client_id = each.client_id;
        member.host = each.client_host;
        if (!member.host.empty() && member.host[0] == '/') member.host.erase(0, 1);
        // Groups of other protocols have bytes of their own.
        if (described.protocol_type != "consumer") continue;
        member.partitions =
            decode_assignment(each.member_assignment).value_or(std::vector<TopicPartition>());
    }
    return facts;
}

Task<Failure> unknown_group(Cluster& cluster, const std::string& id) {
    const auto listed = co_await list_groups(cluster);
    if (!listed) co_return listed.error();
    std::vector<std::string> others;
    for (const ListedGroup& each : *listed) others.push_back(each.id);
    co_return refused(not_there("group", id, others));
}

template <class Topics>
void take_committed(const Topics& topics, Offsets& offsets) {
    for (const auto& topic : topics) {
        for (const auto& each : topic.partitions) {
            if (each.error_code != 0 || each.committed_offset < 0) continue;
            offsets[{topic.name, PartitionIndex{each.partition_index}}] = each.committed_offset;
        }
    }
}

OffsetFetchRequest all_of(const std::string& group, std::int16_t version) {
    OffsetFetchRequest request;
    if (version >= kManyGroupsFrom) {
        auto& wanted = request.groups.emplace_back();
        wanted.group_id = group;
        wanted.topics.reset();
        return request;
    }
    request.group_id = group;
    if (version >= kAllTopicsFrom) request.topics.reset();
    return request;
}

OffsetCommitRequest commit_of(const std::string& group, const Offsets& offsets) {
    OffsetCommitRequest request;
    request.group_id = group;
    for (const auto& [partition, offset] : offsets) {
        auto& each = topic_at_end(request.topics, partition.topic).partitions.emplace_back();
        each.partition_index = partition.partition.value;
        each.committed_offset = offset;
    }
    return request;
}

ErrorCode first_error(const OffsetCommitResponse& response) {
    for (const auto& topic : response.topics) {
        for (const auto& each : topic.partitions) {
            if (each.error_code != 0) return static_cast<ErrorCode>(each.error_code);
        }
    }
    return ErrorCode::kNone;
}

}  // namespace

std::optional<std::int64_t> GroupFacts::lag_of(const TopicPartition& partition) const {
    const auto end = ends.find(partition);
    const auto from = committed.find(partition);
    if (end == ends.end() || from == committed.end()) return std::nullopt;
    return std::max<std::int64_t>(0, end->second - from->second);
}

std::optional<std::int64_t> GroupFacts::total_lag() const {
    std::optional<std::int64_t> total;
    for (const auto& [partition, offset] : committed) {
        const auto lag = lag_of(partition);
        if (lag) total = total.value_or(0) + *lag;
    }
    return total;
}

const GroupMemberFacts* GroupFacts::owner_of(const TopicPartition& partition) const {
    for (const GroupMemberFacts& each : members) {
        if (std::ranges::find(each.partitions, partition) != each.partitions.end()) return &each;
    }
    return nullptr;
}

std::vector<TopicPartition> GroupFacts::partitions() const {
    std::set<TopicPartition> all;
    for (const auto& [partition, offset] : committed) all.insert(partition);
    for (const GroupMemberFacts& each : members) {
        all.insert(each.partitions.begin(), each.partitions.end());
    }
    return {all.begin(), all.end()};
}

std::string members_in_words(const GroupFacts& group) {
    return fmt::format("{} member{}", group.members.size(), group.members.size() == 1 ? "" : "s");
}

Failure in_use(const GroupFacts& group) {
    return refused(
        fmt::format("group {} has {}: stop them first", group.id, members_in_words(group)));
}

Task<Outcome<std::vector<ListedGroup>>> list_groups(Cluster& cluster) {
    const auto topics = co_await cluster.all_topics();  // and with them the brokers
    if (!topics) co_return topics.error();
    std::vector<std::int32_t> brokers;
    for (const auto& [id, endpoint] : cluster.brokers()) brokers.push_back(id);
    std::vector<ListedGroup> groups;
    for (const std::int32_t each : brokers) {
        const auto listed = co_await list_of(cluster, each, groups);
        if (!listed) co_return listed.error();
    }
    std::ranges::sort(groups, {}, &ListedGroup::id);
    co_return groups;
}

Task<Outcome<GroupFacts>> find_group(Cluster& cluster, const std::string& id) {
    const auto link = co_await cluster.coordinator(id);
    if (!link) co_return link.error();
    DescribeGroupsRequest request;
    request.groups.push_back(id);
    for (int i = 0;; ++i) {
        const auto response = co_await (*link)->ask<DescribeGroupsResponse>(request);
        if (!response) co_return response.error();
        if (response->groups.empty()) co_return refused("the coordinator says nothing of " + id);
        const auto& described = response->groups.front();
        const auto code = static_cast<ErrorCode>(described.error_code);
        const bool is_missing =
            code == ErrorCode::kGroupIdNotFound || described.group_state == kDead;
        if (is_missing) {
            const Failure unknown = co_await unknown_group(cluster, id);
            co_return unknown;
        }
        if (code == ErrorCode::kNone) {
            GroupFacts facts = facts_of(described);
            for (const auto& [broker, endpoint] : cluster.brokers()) {
                if (endpoint == (*link)->broker()) facts.coordinator = broker;
            }
            co_return facts;
        }
        if (!is_retriable(code) || i == kQuestionsMax) {
            co_return refused_by_kafka("group " + id, described.error_code);
        }
        co_await sleep_for(cluster.world(), kBetweenQuestions);
    }
}

Task<Outcome<GroupFacts>> describe_group(Cluster& cluster, const std::string& id) {
    auto facts = co_await find_group(cluster, id);
    if (!facts) co_return facts.error();
    auto committed = co_await fetch_committed(cluster, id);
    if (!committed) co_return committed.error();
    facts->committed = std::move(*committed);
    const auto topics = co_await cluster.all_topics();
    if (!topics) co_return topics.error();
    std::vector<TopicPartition> led = facts->partitions();
    std::erase_if(led, [&cluster](const auto& each) { return cluster.leader_of(each) < 0; });
    auto ends = co_await list_offsets(cluster, led, kAtEnd);
    if (!ends) co_return ends.error();
    facts->ends = std::move(*ends);
    co_return facts;
}

Task<Outcome<Offsets>> fetch_committed(Cluster& cluster, const std::string& group) {
    const auto link = co_await cluster.coordinator(group);
    if (!link) co_return link.error();
    const auto version = (*link)->version_of<OffsetFetchRequest>();
    const OffsetFetchRequest request = all_of(group, version.value_or(0));
    for (int i = 0;; ++i) {
        const auto response = co_await (*link)->ask<OffsetFetchResponse>(request);
        if (!response) co_return response.error();
        const bool in_groups = !response->groups.empty();
        const std::int16_t raw_code =
            in_groups ? response->groups.front().error_code : response->error_code;
        const auto code = static_cast<ErrorCode>(raw_code);
        if (code == ErrorCode::kNone) {
            Offsets offsets;
            if (in_groups) take_committed(response->groups.front().topics, offsets);
            take_committed(response->topics, offsets);
            co_return offsets;
        }
        if (!is_retriable(code) || i == kQuestionsMax) {
            co_return refused_by_kafka("offsets of group " + group, raw_code);
        }
        co_await sleep_for(cluster.world(), kBetweenQuestions);
    }
}

Task<Outcome<ErrorCode>> commit_offsets(Cluster& cluster, const std::string& group,
                                        const std::string& member, std::int32_t generation,
                                        const Offsets& offsets) {
    if (offsets.empty()) co_return ErrorCode::kNone;
    const auto link = co_await cluster.coordinator(group);
    if (!link) co_return link.error();
    OffsetCommitRequest request = commit_of(group, offsets);
    request.member_id = member;
    request.generation_id_or_member_epoch = generation;
    const auto response = co_await (*link)->ask<OffsetCommitResponse>(request);
    if (!response) co_return response.error();
    co_return first_error(*response);
}

}  // namespace millrace
