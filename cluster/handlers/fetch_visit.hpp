// A fetch request's way to its session and back.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "protocol/message/fetch.hpp"

#include <memory>

namespace millrace {

/// From this version on topics go by id.
inline constexpr std::int16_t kFetchByIdFrom = 13;

/// What one request wants, whether a session remembers it or not. Without kNone there is no
/// session to fetch for.
struct OpenedFetch {
    ErrorCode code = ErrorCode::kNone;
    std::shared_ptr<FetchSession> session;
    std::int32_t borrowed = kNoFetchSession;  // the id of a session that goes on
    bool is_new{};                            // may become one
};

/// Brings what the session remembers and what the request says together. A request that begins
/// anew ends the session that it names.
Task<OpenedFetch> open_fetch(BrokerContext& broker, const FetchRequest& request,
                             std::int16_t version);

/// Every opened fetch is closed. Returns the id for the answer: kNoFetchSession when the client has
/// to go on without one.
Task<std::int32_t> close_fetch(BrokerContext& broker, OpenedFetch& fetch);

/// The broker that fetches, or below 0 for a consumer.
inline std::int32_t replica_of(const FetchRequest& request, std::int16_t version) {
    constexpr std::int16_t kReplicaStateFrom = 15;
    return version < kReplicaStateFrom ? request.replica_id : request.replica_state.replica_id;
}

}  // namespace millrace
