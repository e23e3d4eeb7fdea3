// JoinGroup, versions 0-9.
//
// Answered when the group's next generation has come about. From version 4 on a member without an
// id gets one first and asks again with it (KIP-394), unless it has an id of its own choice, an
// instance id (from version 5 on). Version 0 has no rebalance timeout: it is the session's.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/random_uuid.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::int16_t kKnownIdFrom = 4;
constexpr std::int16_t kNoProtocolFrom = 7;
constexpr std::int16_t kSkipsFrom = 9;

/// Kafka's: the client's name, or the instance's, and a UUID.
std::string new_member_id(World& world, std::string_view name) {
    const Uuid uuid = random_uuid(world);
    std::string text;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        const bool begins_part = i == 4 || i == 6 || i == 8 || i == 10;
        if (begins_part) text += '-';
        text += fmt::format("{:02x}", static_cast<unsigned>(uuid.bytes[i]));
    }
    return fmt::format("{}-{}", name, text);
}

JoinWish wish_of(BrokerContext& broker, const RequestContext& context,
                 const JoinGroupRequest& request) {
    JoinWish wish;
    wish.member_id = request.member_id;
    wish.instance_id = request.group_instance_id;
    const std::string client(context.header.client_id);
    if (wish.member_id.empty()) {
        wish.new_id = new_member_id(broker.world, wish.instance_id.value_or(client));
    }
    wish.needs_known_id = context.version() >= kKnownIdFrom;
    wish.can_skip_assignment = context.version() >= kSkipsFrom;
    wish.client_id = client;
    wish.client_host = java_address(context.listener.peer);
    wish.session_timeout_ms = request.session_timeout_ms;
    wish.rebalance_timeout_ms =
        context.version() == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
    wish.protocol_type = request.protocol_type;
    for (const auto& each : request.protocols) {
        wish.protocols.push_back({each.name, Bytes(each.metadata.begin(), each.metadata.end())});
    }
    return wish;
}

JoinGroupResponse response_of(JoinAnswer answer, std::int16_t version) {
    JoinGroupResponse response;
    response.error_code = raw(answer.code);
    response.generation_id = answer.generation;
    response.protocol_type = std::move(answer.protocol_type);
    response.protocol_name = std::move(answer.protocol_name);
    if (!response.protocol_name && version < kNoProtocolFrom) response.protocol_name = "";
    response.leader = std::move(answer.leader);
    response.skip_assignment = answer.skip_assignment;
    response.member_id = std::move(answer.member_id);
    for (JoinedMember& each : answer.members) {
        response.members.push_back(
            {std::move(each.id), std::move(each.instance_id), std::move(each.metadata)});
    }
    return response;
}

}  // namespace

Task<JoinGroupResponse> handle_join_group(BrokerContext& broker, RequestContext& context,
                                          const JoinGroupRequest& request) {
    const GroupRoute route = route_member_to(broker, context, request.group_id, false);
    if (route.code != ErrorCode::kNone) {
        JoinAnswer refused;
        refused.code = route.code;
        refused.member_id = request.member_id;
        co_return response_of(std::move(refused), context.version());
    }
    const JoinWish wish = wish_of(broker, context, request);
    const auto visit = [&request, &wish](GroupCoordinator& there) {
        return there.join(request.group_id, wish);
    };
    auto call = visit_coordinator(broker, route, visit);
    JoinAnswer answer = co_await call.run();
    co_return response_of(std::move(answer), context.version());
}

}  // namespace millrace
