// DeleteGroups, versions 0-2: groups without members go, and the offsets that they have committed.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

#include <set>

namespace millrace {

Task<DeleteGroupsResponse> handle_delete_groups(BrokerContext& broker, RequestContext&,
                                                const DeleteGroupsRequest& request) {
    DeleteGroupsResponse response;
    const std::set<std::string> names(request.groups_names.begin(), request.groups_names.end());
    for (const std::string& id : names) {
        const GroupRoute route = route_to(broker, id, true);
        ErrorCode code = route.code;
        if (code == ErrorCode::kNone) {
            const auto visit = [&id](GroupCoordinator& there) { return there.remove(id); };
            auto call = visit_coordinator(broker, route, visit);
            code = co_await call.run();
        }
        response.results.push_back({id, raw(code)});
    }
    co_return response;
}

}  // namespace millrace
