// DescribeGroups, versions 0-5. A group that isn't there is "Dead", without an error.
#include "cluster/handlers/authorized_operations.hpp"
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {
namespace {

DescribeGroupsResponse::DescribedGroup told_of(std::string id, ErrorCode code,
                                               DescribedGroup group) {
    DescribeGroupsResponse::DescribedGroup told;
    told.error_code = raw(code);
    told.group_id = std::move(id);
    told.group_state = std::move(group.state);
    told.protocol_type = std::move(group.protocol_type);
    told.protocol_data = std::move(group.protocol);
    for (DescribedMember& each : group.members) {
        told.members.push_back({std::move(each.id), std::move(each.instance_id),
                                std::move(each.client_id), std::move(each.client_host),
                                std::move(each.metadata), std::move(each.assignment)});
    }
    return told;
}

}  // namespace

Task<DescribeGroupsResponse> handle_describe_groups(BrokerContext& broker, RequestContext&,
                                                    const DescribeGroupsRequest& request) {
    DescribeGroupsResponse response;
    for (const std::string& id : request.groups) {
        DescribedGroup group;
        const GroupRoute route = route_to(broker, id, true);
        ErrorCode code = route.code;
        if (code == ErrorCode::kNone) {
            const auto visit = [&id, &group](GroupCoordinator& there) {
                return there.describe(id, group);
            };
            auto call = visit_coordinator(broker, route, visit);
            code = co_await call.run();
        }
        response.groups.push_back(told_of(id, code, std::move(group)));
        if (code != ErrorCode::kNone || !request.include_authorized_operations) continue;
        response.groups.back().authorized_operations = kGroupOperations;
    }
    co_return response;
}

}  // namespace millrace
