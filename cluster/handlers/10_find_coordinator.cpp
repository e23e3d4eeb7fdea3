// FindCoordinator, versions 0-6.
//
// This broker coordinates no groups and no transactions yet: every key is answered with
// COORDINATOR_NOT_AVAILABLE, on top level below version 4 and per key from it on.
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kBatchedFrom = 4;
constexpr std::int32_t kNoNode = -1;
constexpr std::int32_t kNoPort = -1;

std::string reason() { return "This broker coordinates no consumer groups and no transactions."; }

}  // namespace

Task<FindCoordinatorResponse> handle_find_coordinator(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const FindCoordinatorRequest& request) {
    FindCoordinatorResponse response;
    broker.logger.warn(
        "a client asks for a coordinator, and this broker has none: consumer groups "
        "and transactions are not served",
        {{"client_id", context.header.client_id}});
    if (context.version() < kBatchedFrom) {
        response.error_code = raw(ErrorCode::kCoordinatorNotAvailable);
        response.error_message = reason();
        response.node_id = kNoNode;
        response.port = kNoPort;
        co_return response;
    }
    for (const std::string& key : request.coordinator_keys) {
        FindCoordinatorResponse::Coordinator coordinator;
        coordinator.key = key;
        coordinator.node_id = kNoNode;
        coordinator.port = kNoPort;
        coordinator.error_code = raw(ErrorCode::kCoordinatorNotAvailable);
        coordinator.error_message = reason();
        response.coordinators.push_back(std::move(coordinator));
    }
    co_return response;
}

}  // namespace millrace
