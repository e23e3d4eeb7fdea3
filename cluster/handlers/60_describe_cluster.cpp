// DescribeCluster, versions 0-1.
//
// The cluster's id, its brokers and the one to send administration to. From version 1 on a client
// says what kind of node it takes this one for; a broker is no controller's endpoint.
#include "cluster/handlers/authorized_operations.hpp"
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

namespace millrace {
namespace {

constexpr std::int8_t kBroker = 1;
constexpr std::int8_t kController = 2;

DescribeClusterResponse refused(ErrorCode code, std::string reason) {
    DescribeClusterResponse response;
    response.error_code = raw(code);
    response.error_message = std::move(reason);
    return response;
}

}  // namespace

Task<DescribeClusterResponse> handle_describe_cluster(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const DescribeClusterRequest& request) {
    // The messages are Kafka's: its clients show them.
    if (request.endpoint_type == kController) {
        co_return refused(ErrorCode::kMismatchedEndpointType,
                          "The request was sent to an endpoint of type BROKER, but we wanted an "
                          "endpoint of type CONTROLLER");
    }
    if (request.endpoint_type != kBroker) {
        co_return refused(ErrorCode::kUnsupportedEndpointType,
                          "Unsupported endpoint type " + std::to_string(request.endpoint_type));
    }
    DescribeClusterResponse response;
    response.cluster_id = broker.view.now()->cluster_id;
    response.controller_id = broker.config.broker_id;
    response.brokers.push_back({broker.config.broker_id, context.listener.host,
                                static_cast<std::int32_t>(context.listener.port), std::nullopt});
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations = kClusterOperations;
    }
    co_return response;
}

}  // namespace millrace
