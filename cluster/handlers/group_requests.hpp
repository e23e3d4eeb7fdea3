// The way of a request to its group's coordinator: the shard of the partition that keeps the group.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "core/runtime/shard_call.hpp"
#include "protocol/error_code.hpp"

namespace millrace {

/// With kNone the coordinator is on shard `owner`, or was.
struct GroupRoute {
    ErrorCode code = ErrorCode::kNone;
    ShardNumber owner{};
};

/// Where `group` is coordinated. Some requests are good for the group without a name too, which
/// simple consumers of old have used.
GroupRoute route_to(const BrokerContext& broker, std::string_view group, bool may_be_nameless);
/// The same for a member's request, which notes where its work is.
GroupRoute route_member_to(const BrokerContext& broker, RequestContext& context,
                           std::string_view group, bool may_be_nameless);

/// `visit(coordinator)`, which returns a value or a Task of it, on the shard of the route.
template <class Visit>
auto visit_coordinator(BrokerContext& broker, const GroupRoute& route, Visit visit) {
    GroupCoordinator* const there = &broker.shards[route.owner]->groups;
    const auto go = [there, visit] { return visit(*there); };
    return ShardCall<decltype(go)>(broker.world, route.owner, go);
}

/// A view of what a request may leave out.
inline std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

/// The partition's place in a topic that is there.
bool is_partition(const TopicsImage& image, std::string_view topic, std::int32_t partition);

}  // namespace millrace
