// ConsumerGroupHeartbeat and ConsumerGroupDescribe, version 0: the newer protocol of groups
// (KIP-848).
//
// A Kafka broker with ZooKeeper names both and refuses both; by that refusal a client knows to tell
// its user to go on with the classic protocol.
#include "cluster/handlers/handlers.hpp"

namespace millrace {

Task<ConsumerGroupHeartbeatResponse> handle_consumer_group_heartbeat(
    BrokerContext&, RequestContext&, const ConsumerGroupHeartbeatRequest&) {
    ConsumerGroupHeartbeatResponse response;
    response.error_code = raw(ErrorCode::kUnsupportedVersion);
    co_return response;
}

Task<ConsumerGroupDescribeResponse> handle_consumer_group_describe(
    BrokerContext&, RequestContext&, const ConsumerGroupDescribeRequest& request) {
    ConsumerGroupDescribeResponse response;
    for (const std::string& group_id : request.group_ids) {
        auto& group = response.groups.emplace_back();
        group.group_id = group_id;
        group.error_code = raw(ErrorCode::kUnsupportedVersion);
    }
    co_return response;
}

}  // namespace millrace
