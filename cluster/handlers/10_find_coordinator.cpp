// FindCoordinator, versions 0-6.
//
// This broker coordinates no groups and no transactions yet: every key is answered with
// COORDINATOR_NOT_AVAILABLE, on top level below version 4 and per key from it on. Key types are
// groups' (0), transactions' (1), and from version 6 on share groups' (2).
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kBatchedFrom = 4;
constexpr std::int16_t kShareGroupsFrom = 6;
constexpr std::int8_t kTransaction = 1;
constexpr std::int8_t kShareGroup = 2;
constexpr std::int32_t kNoNode = -1;
constexpr std::int32_t kNoPort = -1;

/// An error code with its words.
struct Refusal {
    ErrorCode code;
    std::string text;
};

Refusal refusal_of(std::int8_t key_type, std::int16_t version) {
    const std::int8_t last = version < kShareGroupsFrom ? kTransaction : kShareGroup;
    if (key_type < 0 || key_type > last) {
        return {ErrorCode::kInvalidRequest, "There is no such type of key in this version."};
    }
    return {ErrorCode::kCoordinatorNotAvailable,
            "This broker coordinates no consumer groups and no transactions."};
}

}  // namespace

Task<FindCoordinatorResponse> handle_find_coordinator(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const FindCoordinatorRequest& request) {
    FindCoordinatorResponse response;
    broker.logger.warn(
        "a client asks for a coordinator, and this broker has none: consumer groups "
        "and transactions are not served",
        {{"client_id", context.header.client_id}});
    const Refusal refusal = refusal_of(request.key_type, context.version());
    if (context.version() < kBatchedFrom) {
        response.error_code = raw(refusal.code);
        response.error_message = refusal.text;
        response.node_id = kNoNode;
        response.port = kNoPort;
        co_return response;
    }
    for (const std::string& key : request.coordinator_keys) {
        FindCoordinatorResponse::Coordinator coordinator;
        coordinator.key = key;
        coordinator.node_id = kNoNode;
        coordinator.port = kNoPort;
        coordinator.error_code = raw(refusal.code);
        coordinator.error_message = refusal.text;
        response.coordinators.push_back(std::move(coordinator));
    }
    co_return response;
}

}  // namespace millrace
