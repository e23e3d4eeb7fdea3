#include "cluster/tools/cluster.hpp"

#include "cluster/tools/nearest.hpp"
#include "core/config/text.hpp"
#include "core/runtime/timer.hpp"
#include "protocol/message/create_topics.hpp"
#include "protocol/message/delete_topics.hpp"
#include "protocol/message/find_coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace millrace {
namespace {

constexpr std::uint16_t kPort = 9092;
/// What a cluster needs to elect a leader or to make __consumer_offsets.
constexpr Duration kPatience = std::chrono::seconds(30);
constexpr Duration kBetweenQuestions = std::chrono::milliseconds(100);
constexpr std::int32_t kChangeTimeoutMs = 30'000;
constexpr std::int16_t kCreationIsAChoiceFrom = 4;
constexpr std::int16_t kManyKeysFrom = 4;
constexpr std::int16_t kDefaultsFrom = 4;
constexpr std::int16_t kDeletedByNameUpTo = 5;

bool is(std::int16_t code, ErrorCode wanted) { return code == raw(wanted); }

MetadataRequest metadata_request(const std::vector<std::string>* names, std::int16_t version) {
    MetadataRequest request;
    // No topics stand for all of them before version 1.
    if (names == nullptr && version >= 1) request.topics.reset();
    if (names != nullptr) {
        for (const std::string& each : *names) request.topics->emplace_back().name = each;
    }
    if (version >= kCreationIsAChoiceFrom) request.allow_auto_topic_creation = false;
    return request;
}

void sort(std::vector<Cluster::Topic>& topics) {
    std::ranges::sort(topics, {}, &Cluster::Topic::name);
    for (Cluster::Topic& each : topics) {
        std::ranges::sort(each.partitions, {}, &MetadataResponse::Partition::index);
    }
}

bool waits_for_leaders(const Cluster::Topic& topic) {
    return is(topic.error_code, ErrorCode::kUnknownTopicOrPartition) ||
           is(topic.error_code, ErrorCode::kLeaderNotAvailable) ||
           std::ranges::any_of(topic.partitions, [](const MetadataResponse::Partition& each) {
               return each.leader_id < 0;
           });
}

/// The one coordinator of an answer, whatever its version.
FindCoordinatorResponse::Coordinator coordinator_in(const FindCoordinatorResponse& response) {
    if (!response.coordinators.empty()) return response.coordinators.front();
    FindCoordinatorResponse::Coordinator found;
    found.error_code = response.error_code;
    found.node_id = response.node_id;
    found.host = response.host;
    found.port = response.port;
    return found;
}

}  // namespace

Task<Outcome<>> Cluster::connect() {
    Failure last{ToolExit::kUnreachable, "no broker is named"};
    for (const Endpoint& each : bootstrap_) {
        first_ = std::make_unique<Link>(world_, each);
        const auto opened = co_await first_->open();
        if (opened) co_return Outcome<>();
        last = opened.error();
    }
    co_return last;
}

Task<> Cluster::close() {
    if (first_) co_await first_->close();
    for (auto& [id, link] : links_) co_await link->close();
}

void Cluster::remember(const MetadataResponse& response) {
    brokers_.clear();
    for (const auto& each : response.brokers) {
        brokers_[each.node_id] = {each.host, static_cast<std::uint16_t>(each.port)};
    }
    controller_ = response.controller_id;
    for (const Topic& topic : response.topics) {
        for (const auto& each : topic.partitions) {
            leaders_[{topic.name.value_or(""), PartitionIndex{each.index}}] = each.leader_id;
        }
    }
}

Task<Outcome<Link*>> Cluster::any_broker() {
    const auto opened = co_await first_->open();
    if (opened) co_return first_.get();
    for (const auto& [id, endpoint] : brokers_) {
        const auto link = co_await broker(id);
        if (link) co_return *link;
    }
    co_return opened.error();
}

Task<Outcome<MetadataResponse>> Cluster::ask_metadata(const std::vector<std::string>* names) {
    const auto link = co_await any_broker();
    if (!link) co_return link.error();
    const auto version = (*link)->version_of<MetadataRequest>();
    const MetadataRequest request = metadata_request(names, version.value_or(0));
    auto response = co_await (*link)->ask<MetadataResponse>(request);
    if (response) {
        sort(response->topics);
        remember(*response);
    }
    co_return response;
}

Task<Outcome<std::vector<Cluster::Topic>>> Cluster::all_topics() {
    auto response = co_await ask_metadata(nullptr);
    if (!response) co_return response.error();
    co_return std::move(response->topics);
}

Task<Outcome<std::vector<Cluster::Topic>>> Cluster::topics(const std::vector<std::string>& names) {
    const auto response = co_await ask_metadata(&names);
    if (!response) co_return response.error();
    std::vector<Topic> found;
    std::set<std::string_view> seen;
    for (const std::string& name : names) {
        if (!seen.insert(name).second) continue;
        const auto topic = std::ranges::find_if(
            response->topics, [&name](const Topic& each) { return each.name == name; });
        const bool is_told = topic != response->topics.end();
        const std::int16_t code =
            is_told ? topic->error_code : raw(ErrorCode::kUnknownTopicOrPartition);
        if (is(code, ErrorCode::kNone) || is(code, ErrorCode::kLeaderNotAvailable)) {
            found.push_back(*topic);
            continue;
        }
        if (!is(code, ErrorCode::kUnknownTopicOrPartition)) {
            co_return refused_by_kafka("topic " + name, code);
        }
        const Failure unknown = co_await unknown_topic(name);
        co_return unknown;
    }
    co_return found;
}

Task<Failure> Cluster::unknown_topic(const std::string& name) {
    const auto all = co_await all_topics();
    if (!all) co_return all.error();
    std::vector<std::string> others;
    for (const Topic& each : *all) others.push_back(each.name.value_or(""));
    co_return refused(not_there("topic", name, others));
}

Task<Outcome<>> Cluster::ask_to_make(const std::string& name, std::int32_t partitions) {
    CreateTopicsRequest request;
    request.timeout_ms = kChangeTimeoutMs;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    const auto link = co_await broker(controller_);
    if (!link) co_return link.error();
    const bool has_defaults =
        (*link)->version_of<CreateTopicsRequest>().value_or(0) >= kDefaultsFrom;
    topic.num_partitions = has_defaults ? partitions : std::max(partitions, 1);
    topic.replication_factor = has_defaults ? std::int16_t{-1} : std::int16_t{1};
    const auto response = co_await (*link)->ask<CreateTopicsResponse>(request);
    if (!response) co_return response.error();
    const std::int16_t code =
        response->topics.empty() ? std::int16_t{0} : response->topics[0].error_code;
    if (is(code, ErrorCode::kNone) || is(code, ErrorCode::kTopicAlreadyExists)) {
        co_return Outcome<>();
    }
    co_return refused_by_kafka("topic " + name + " can't be made", code);
}

Task<Outcome<>> Cluster::ensure_topic(const std::string& name, std::int32_t partitions) {
    const std::vector<std::string> names{name};
    const Time deadline = world_.now() + kPatience;
    for (bool is_asked = false;;) {
        const auto response = co_await ask_metadata(&names);
        if (!response) co_return response.error();
        const bool is_told = !response->topics.empty();
        if (is_told && !waits_for_leaders(response->topics[0])) co_return Outcome<>();
        if (world_.now() > deadline) co_return refused("topic " + name + " gets no leaders");
        if (!is_asked) {
            const auto made = co_await ask_to_make(name, partitions);
            if (!made) co_return made.error();
            is_asked = true;
        }
        co_await sleep_for(world_, kBetweenQuestions);
    }
}

Task<Outcome<>> Cluster::remove_topic(const std::string& name) {
    DeleteTopicsRequest request;
    request.timeout_ms = kChangeTimeoutMs;
    request.topic_names.push_back(name);
    const auto link = co_await broker(controller_);
    if (!link) co_return link.error();
    const auto response = co_await (*link)->ask<DeleteTopicsResponse>(request, kDeletedByNameUpTo);
    if (!response) co_return response.error();
    const std::int16_t code =
        response->responses.empty() ? std::int16_t{0} : response->responses[0].error_code;
    if (is(code, ErrorCode::kNone)) co_return Outcome<>();
    co_return refused_by_kafka("topic " + name + " can't be deleted", code);
}

std::int32_t Cluster::leader_of(const TopicPartition& partition) const {
    const auto found = leaders_.find(partition);
    return found == leaders_.end() ? -1 : found->second;
}

Task<Outcome<Link*>> Cluster::broker(std::int32_t id) {
    const auto endpoint = brokers_.find(id);
    if (endpoint == brokers_.end()) {
        Failure missing = refused(fmt::format("broker {} isn't there", id));
        missing.may_pass = true;
        co_return missing;
    }
    std::unique_ptr<Link>& link = links_[id];
    const bool has_moved = link && link->broker() != endpoint->second;
    if (has_moved) co_await link->close();
    if (!link || has_moved) link = std::make_unique<Link>(world_, endpoint->second);
    const auto opened = co_await link->open();
    if (!opened) co_return opened.error();
    co_return link.get();
}

Task<Outcome<Link*>> Cluster::leader(const TopicPartition& partition) {
    const std::int32_t id = leader_of(partition);
    if (id < 0) co_return has_no_leader(partition);
    co_return co_await broker(id);
}

Task<Outcome<Link*>> Cluster::coordinator(const std::string& group) {
    const Time deadline = world_.now() + kPatience;
    for (;;) {
        const auto link = co_await any_broker();
        if (!link) co_return link.error();
        FindCoordinatorRequest request;
        const auto version = (*link)->version_of<FindCoordinatorRequest>();
        if (version.value_or(0) >= kManyKeysFrom) request.coordinator_keys.push_back(group);
        if (request.coordinator_keys.empty()) request.key = group;
        const auto response = co_await (*link)->ask<FindCoordinatorResponse>(request);
        if (!response) co_return response.error();
        const auto found = coordinator_in(*response);
        if (found.error_code == 0) {
            brokers_[found.node_id] = {found.host, static_cast<std::uint16_t>(found.port)};
            co_return co_await broker(found.node_id);
        }
        const bool may_come = is_retriable(static_cast<ErrorCode>(found.error_code));
        if (!may_come || world_.now() > deadline) {
            co_return refused_by_kafka("coordinator of group " + group, found.error_code);
        }
        co_await sleep_for(world_, kBetweenQuestions);
    }
}

Failure has_no_leader(const TopicPartition& partition) {
    return {ToolExit::kRefused, partition.folder() + " has no leader", true};
}

std::optional<std::vector<Endpoint>> parse_bootstrap(std::string_view text) {
    std::vector<Endpoint> brokers;
    for (const std::string_view each : split_list(text)) {
        const auto told = parse_address(each);
        const auto by_default = parse_address(std::string(each) + ":" + std::to_string(kPort));
        if (!told && !by_default) return std::nullopt;
        brokers.push_back(told ? *told : *by_default);
    }
    if (brokers.empty()) return std::nullopt;
    return brokers;
}

}  // namespace millrace
