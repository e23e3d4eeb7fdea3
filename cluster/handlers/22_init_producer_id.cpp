// InitProducerId, versions 0-5.
//
// Without a transactional id: a fresh producer id with epoch 0, whatever the producer had before.
// With one the answer is COORDINATOR_NOT_AVAILABLE, as FindCoordinator's: this broker coordinates
// no transactions.
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

constexpr std::int64_t kNoProducerId = -1;

InitProducerIdResponse refused(ErrorCode code) {
    InitProducerIdResponse response;
    response.error_code = raw(code);
    response.producer_id = kNoProducerId;
    response.producer_epoch = kNoProducerEpoch;
    return response;
}

/// An id and its epoch come together or not at all.
bool is_half_known(const InitProducerIdRequest& request) {
    return (request.producer_id == kNoProducerId) != (request.producer_epoch == kNoProducerEpoch);
}

}  // namespace

Task<InitProducerIdResponse> handle_init_producer_id(BrokerContext& broker, RequestContext& context,
                                                     const InitProducerIdRequest& request) {
    if (is_half_known(request)) co_return refused(ErrorCode::kInvalidRequest);
    if (request.transactional_id && request.transactional_id->empty()) {
        co_return refused(ErrorCode::kInvalidRequest);
    }
    if (request.transactional_id) {
        broker.logger.warn("a client begins a transaction, and this broker coordinates none",
                           {{"client_id", context.header.client_id},
                            {"transactional_id", *request.transactional_id}});
        co_return refused(ErrorCode::kCoordinatorNotAvailable);
    }
    const auto id = co_await broker.producer_ids.take();
    if (!id) {
        broker.logger.error("no producer id can be given", {{"client_id", context.header.client_id},
                                                            {"reason", id.error().message()}});
        // What a producer asks again behind, until the disk takes writes once more.
        co_return refused(ErrorCode::kCoordinatorLoadInProgress);
    }
    InitProducerIdResponse response;
    response.producer_id = *id;
    response.producer_epoch = 0;
    co_return response;
}

}  // namespace millrace
