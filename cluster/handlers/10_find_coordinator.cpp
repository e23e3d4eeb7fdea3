// FindCoordinator, versions 0-6.
//
// A group's coordinator is the leader of the partition of __consumer_offsets that keeps it. The
// first question makes that topic, and is answered COORDINATOR_NOT_AVAILABLE: clients ask again.
// So are keys of transactions, which this broker doesn't coordinate, and of share groups, which
// there are from version 6 on. On top level below version 4, and per key from it on.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {
namespace {

constexpr std::int16_t kBatchedFrom = 4;
constexpr std::int16_t kShareGroupsFrom = 6;
constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;
constexpr std::int8_t kShareGroup = 2;
constexpr std::int32_t kNoNode = -1;
constexpr std::int32_t kNoPort = -1;
/// What Kafka says up to version 3 where all is well.
constexpr std::string_view kNoErrorText = "NONE";

/// Where a key is coordinated, in Kafka's words where it isn't.
struct Found {
    ErrorCode code = ErrorCode::kNone;
    std::string text{};
};

Found not_here() {
    return {ErrorCode::kCoordinatorNotAvailable, "The coordinator is not available."};
}

Task<Found> find_group(BrokerContext& broker, std::string_view group) {
    const auto image = broker.view.now();
    if (image->find(kOffsetsTopic) == nullptr) {
        (void)co_await broker.create_topic(std::string(kOffsetsTopic));
        co_return not_here();
    }
    const GroupRoute route = route_to(broker, group, true);
    co_return route.code == ErrorCode::kNone ? Found{} : not_here();
}

Task<Found> find(BrokerContext& broker, const RequestContext& context, std::int8_t key_type,
                 std::string_view key) {
    const std::int8_t last = context.version() < kShareGroupsFrom ? kTransaction : kShareGroup;
    if (key_type < kGroup || key_type > last) {
        co_return Found{ErrorCode::kInvalidRequest,
                        "There is no such type of key in this version."};
    }
    if (key_type == kGroup) co_return co_await find_group(broker, key);
    if (key_type == kTransaction) {
        broker.logger.warn(
            "a client asks for a coordinator of transactions, and this broker "
            "coordinates none",
            {{"client_id", context.header.client_id}});
    }
    co_return not_here();
}

/// The one answer of old versions, and the answer of a key.
template <class Answer>
void tell(const BrokerContext& broker, const RequestContext& context, const Found& found,
          Answer& answer) {
    answer.error_code = raw(found.code);
    const bool is_here = found.code == ErrorCode::kNone;
    answer.node_id = is_here ? broker.config.broker_id : kNoNode;
    answer.port = is_here ? static_cast<std::int32_t>(context.listener.port) : kNoPort;
    if (is_here) answer.host = context.listener.host;
}

}  // namespace

Task<FindCoordinatorResponse> handle_find_coordinator(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const FindCoordinatorRequest& request) {
    FindCoordinatorResponse response;
    if (context.version() < kBatchedFrom) {
        const Found found = co_await find(broker, context, request.key_type, request.key);
        tell(broker, context, found, response);
        response.error_message = found.text;
        if (found.code == ErrorCode::kNone) response.error_message = kNoErrorText;
        co_return response;
    }
    for (const std::string& key : request.coordinator_keys) {
        const Found found = co_await find(broker, context, request.key_type, key);
        auto& coordinator = response.coordinators.emplace_back();
        coordinator.key = key;
        tell(broker, context, found, coordinator);
    }
    co_return response;
}

}  // namespace millrace
