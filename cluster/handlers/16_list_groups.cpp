// ListGroups, versions 0-5: the groups of all shards, by name. States to choose from since version
// 4, types since version 5; this broker's groups are all of the classic type.
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"

#include <algorithm>
#include <cctype>

namespace millrace {
namespace {

constexpr std::string_view kClassic = "classic";

bool same_word(std::string_view left, std::string_view right) {
    const auto same = [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    };
    return std::ranges::equal(left, right, same);
}

/// Nothing to choose by chooses everything.
bool is_wanted(const std::vector<std::string>& filter, std::string_view word) {
    return filter.empty() || std::ranges::any_of(filter, [word](const std::string& each) {
               return same_word(each, word);
           });
}

/// What one shard coordinates.
struct ShardGroups {
    ErrorCode code = ErrorCode::kNone;
    std::vector<GroupOverview> groups;
};

/// On the shard that is asked.
Task<Result<void>> list_there(BrokerContext& there, ShardGroups& into) {
    into.code = there.groups.list(into.groups);
    co_return Result<void>();
}

}  // namespace

Task<ListGroupsResponse> handle_list_groups(BrokerContext& broker, RequestContext&,
                                            const ListGroupsRequest& request) {
    std::vector<ShardGroups> all(broker.shards.size());
    std::vector<ShardNumber> shards;
    for (std::size_t i = 0; i < all.size(); ++i) shards.push_back(static_cast<ShardNumber>(i));
    const auto visit = [&broker, &all](std::size_t i) {
        return list_there(*broker.shards[i], all[i]);
    };
    (void)co_await visit_all(broker.world, shards, visit);
    ListGroupsResponse response;
    for (ShardGroups& shard : all) {
        if (shard.code != ErrorCode::kNone) response.error_code = raw(shard.code);
        for (GroupOverview& each : shard.groups) {
            const bool wanted = is_wanted(request.states_filter, each.state) &&
                                is_wanted(request.types_filter, kClassic);
            if (!wanted) continue;
            response.groups.push_back({std::move(each.id), std::move(each.protocol_type),
                                       std::move(each.state), std::string(kClassic)});
        }
    }
    std::ranges::sort(response.groups, {}, &ListGroupsResponse::ListedGroup::group_id);
    co_return response;
}

}  // namespace millrace
