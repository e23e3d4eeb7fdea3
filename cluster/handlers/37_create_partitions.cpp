// CreatePartitions, versions 0-3: topics get more partitions, never fewer.
#include "cluster/handlers/config_resources.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace millrace {
namespace {

using Wanted = CreatePartitionsRequest::Topic;

// As in CreateTopics.
constexpr std::int32_t kPartitionsMax = 100000;

ResourceError count_problem(std::int64_t now, std::int32_t wanted) {
    const auto refuse = [](std::string text) {
        return ResourceError{ErrorCode::kInvalidPartitions, std::move(text)};
    };
    if (wanted < now) {
        return refuse(
            fmt::format("Topic currently has {} partitions, which is higher than the requested {}.",
                        now, wanted));
    }
    if (wanted == now) return refuse(fmt::format("Topic already has {} partitions.", now));
    if (wanted <= kPartitionsMax) return {};
    return refuse(fmt::format("Number of partitions must not be larger than {}.", kPartitionsMax));
}

/// The replicas of the new partitions, `first` and on: each on this broker.
ResourceError assignment_problem(const std::vector<CreatePartitionsRequest::Assignment>& all,
                                 std::int64_t first, std::int64_t count, std::int32_t broker_id) {
    const auto refuse = [](std::string text) {
        return ResourceError{ErrorCode::kInvalidReplicaAssignment, std::move(text)};
    };
    std::set<std::int32_t> unknown;
    for (const auto& each : all) unknown.insert(each.broker_ids.begin(), each.broker_ids.end());
    unknown.erase(broker_id);
    if (!unknown.empty()) {
        return refuse(
            fmt::format("Unknown broker(s) in replica assignment: {}.", fmt::join(unknown, ", ")));
    }
    if (std::cmp_not_equal(all.size(), count)) {
        return refuse(
            fmt::format("Increasing the number of partitions by {} but {} assignments provided.",
                        count, all.size()));
    }
    for (const auto& each : all) {
        const std::int64_t partition = first + (&each - all.data());
        if (each.broker_ids.empty()) {
            return refuse(
                fmt::format("Cannot have replication factor of 0 for partition id {}.", partition));
        }
        if (each.broker_ids.size() == 1) continue;
        return refuse(fmt::format(
            "Duplicate brokers not allowed in replica assignment: {} for partition id {}.",
            fmt::join(each.broker_ids, ", "), partition));
    }
    return {};
}

ResourceError problem_of(const BrokerContext& home, const CreatePartitionsRequest& request,
                         const Wanted& wanted) {
    if (std::ranges::count(request.topics, wanted.name, &Wanted::name) > 1) {
        return {ErrorCode::kInvalidRequest, "Duplicate topic in request."};
    }
    const TopicImage* const topic = home.topics.image().find(wanted.name);
    if (topic == nullptr) {
        return {ErrorCode::kUnknownTopicOrPartition,
                fmt::format("The topic '{}' does not exist.", wanted.name)};
    }
    const auto now = static_cast<std::int64_t>(topic->partitions.size());
    auto problem = count_problem(now, wanted.count);
    if (problem.is_none() && wanted.assignments) {
        problem =
            assignment_problem(*wanted.assignments, now, wanted.count - now, home.config.broker_id);
    }
    return problem;
}

/// Also what another request may have made of the topic since it was looked at.
Task<ResourceError> grow(BrokerContext& home, const CreatePartitionsRequest& request,
                         const Wanted& wanted) {
    const std::string name = wanted.name;
    const auto grown = co_await home.topics.grow(name, wanted.count);
    if (!grown) {
        auto problem = problem_of(home, request, wanted);
        if (problem.is_none()) problem = {to_error_code(grown.error()), {}};
        co_return problem;
    }
    ResourceError answer;
    if (request.timeout_ms <= 0) answer.code = ErrorCode::kRequestTimedOut;
    co_return answer;
}

/// On shard 0. A topic that is named twice is answered once.
Task<CreatePartitionsResponse> create_at_home(BrokerContext& home,
                                              const CreatePartitionsRequest& request) {
    CreatePartitionsResponse response;
    std::set<std::string> answered;
    for (const Wanted& wanted : request.topics) {
        if (!answered.insert(wanted.name).second) continue;
        auto problem = problem_of(home, request, wanted);
        const bool wants = problem.is_none() && !request.validate_only;
        if (wants) problem = co_await grow(home, request, wanted);
        response.results.push_back({wanted.name, raw(problem.code), problem.text});
    }
    co_return response;
}

}  // namespace

Task<CreatePartitionsResponse> handle_create_partitions(BrokerContext& broker, RequestContext&,
                                                        const CreatePartitionsRequest& request) {
    BrokerContext* const home = broker.shards.front();
    const auto visit = [home, &request] { return create_at_home(*home, request); };
    ShardCall call(broker.world, 0, visit);
    co_return co_await call.run();
}

}  // namespace millrace
