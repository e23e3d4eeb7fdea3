// Heartbeat, versions 0-4.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {

Task<HeartbeatResponse> handle_heartbeat(BrokerContext& broker, RequestContext& context,
                                         const HeartbeatRequest& request) {
    HeartbeatResponse response;
    const GroupRoute route = route_member_to(broker, context, request.group_id, false);
    ErrorCode code = route.code;
    if (code == ErrorCode::kNone) {
        const MemberClaim who{request.member_id, view_of(request.group_instance_id),
                              request.generation_id};
        const auto visit = [&request, &who](GroupCoordinator& there) {
            return there.heartbeat(request.group_id, who);
        };
        auto call = visit_coordinator(broker, route, visit);
        code = co_await call.run();
    }
    response.error_code = raw(code);
    co_return response;
}

}  // namespace millrace
