// SyncGroup, versions 0-5.
//
// The leader hands in who gets what; everybody is told his own share once that is stored. From
// version 5 on a member has to say which protocol it believes in.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kNamesProtocolFrom = 5;

bool names_protocol(const SyncGroupRequest& request) {
    return request.protocol_type && request.protocol_name;
}

SyncWish wish_of(const SyncGroupRequest& request) {
    SyncWish wish;
    wish.who = {request.member_id, view_of(request.group_instance_id), request.generation_id};
    wish.protocol_type = view_of(request.protocol_type);
    wish.protocol_name = view_of(request.protocol_name);
    for (const auto& each : request.assignments) {
        wish.assignments[each.member_id] = Bytes(each.assignment.begin(), each.assignment.end());
    }
    return wish;
}

}  // namespace

Task<SyncGroupResponse> handle_sync_group(BrokerContext& broker, RequestContext& context,
                                          const SyncGroupRequest& request) {
    SyncGroupResponse response;
    if (context.version() >= kNamesProtocolFrom && !names_protocol(request)) {
        response.error_code = raw(ErrorCode::kInconsistentGroupProtocol);
        co_return response;
    }
    const GroupRoute route = route_member_to(broker, context, request.group_id, false);
    if (route.code != ErrorCode::kNone) {
        response.error_code = raw(route.code);
        co_return response;
    }
    const SyncWish wish = wish_of(request);
    const auto visit = [&request, &wish](GroupCoordinator& there) {
        return there.sync(request.group_id, wish);
    };
    auto call = visit_coordinator(broker, route, visit);
    SyncAnswer answer = co_await call.run();
    response.error_code = raw(answer.code);
    response.protocol_type = std::move(answer.protocol_type);
    response.protocol_name = std::move(answer.protocol_name);
    response.assignment = std::move(answer.assignment);
    co_return response;
}

}  // namespace millrace
