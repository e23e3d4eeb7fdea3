// LeaveGroup, versions 0-5.
//
// One member up to version 2, and its error is the answer's; several from version 3 on, each with
// its own, and whoever administers a group removes a static member by its instance id alone.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kSeveralFrom = 3;

std::vector<MemberClaim> members_of(const LeaveGroupRequest& request, std::int16_t version) {
    if (version < kSeveralFrom) return {MemberClaim{.member_id = request.member_id}};
    std::vector<MemberClaim> members;
    for (const auto& each : request.members) {
        members.push_back({each.member_id, view_of(each.group_instance_id)});
    }
    return members;
}

}  // namespace

Task<LeaveGroupResponse> handle_leave_group(BrokerContext& broker, RequestContext& context,
                                            const LeaveGroupRequest& request) {
    LeaveGroupResponse response;
    const GroupRoute route = route_member_to(broker, context, request.group_id, false);
    if (route.code != ErrorCode::kNone) {
        response.error_code = raw(route.code);
        co_return response;
    }
    const std::vector<MemberClaim> members = members_of(request, context.version());
    std::vector<ErrorCode> codes(members.size(), ErrorCode::kNone);
    const auto visit = [&request, &members, &codes](GroupCoordinator& there) {
        return there.leave(request.group_id, members, codes);
    };
    auto call = visit_coordinator(broker, route, visit);
    const ErrorCode code = co_await call.run();
    response.error_code = raw(code);
    if (code != ErrorCode::kNone) co_return response;
    if (context.version() < kSeveralFrom) {
        response.error_code = raw(codes.front());
        co_return response;
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& each = request.members[i];
        response.members.push_back({each.member_id, each.group_instance_id, raw(codes[i])});
    }
    co_return response;
}

}  // namespace millrace
