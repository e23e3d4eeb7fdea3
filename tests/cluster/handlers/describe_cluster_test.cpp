// What the broker says of its cluster.
#include "protocol/error_code.hpp"
#include "tests/support/broker_test.hpp"

#include <limits>

namespace millrace {
namespace {

class DescribeClusterTest : public BrokerTest {};

TEST_P(DescribeClusterTest, NamesTheBrokerAndTheControllerAsMetadataDoes) {
    with_client([this](Client& client) -> Task<> {
        const MetadataRequest metadata = metadata_of("t");
        const auto told = co_await client.ask<MetadataResponse>(metadata, 9);
        for (std::int16_t version = 0; version <= 1; ++version) {
            const DescribeClusterRequest request;
            const auto response = co_await client.ask<DescribeClusterResponse>(request, version);
            EXPECT_EQ(response->error_code, 0);
            EXPECT_EQ(response->error_message, std::nullopt);
            EXPECT_EQ(response->cluster_id, told->cluster_id);
            EXPECT_EQ(response->controller_id, told->controller_id);
            EXPECT_EQ(response->brokers.size(), 1u);
            EXPECT_EQ(response->brokers[0].host, told->brokers[0].host);
            EXPECT_EQ(response->brokers[0].port, port_);
            EXPECT_EQ(response->endpoint_type, 1);
        }
    });
}

TEST_P(DescribeClusterTest, ABrokerIsNoControllersEndpoint) {
    with_client([](Client& client) -> Task<> {
        DescribeClusterRequest request;
        request.endpoint_type = 2;
        const auto mismatched = co_await client.ask<DescribeClusterResponse>(request, 1);
        EXPECT_EQ(mismatched->error_code, raw(ErrorCode::kMismatchedEndpointType));
        EXPECT_EQ(mismatched->error_message,
                  "The request was sent to an endpoint of type BROKER, but we wanted an endpoint "
                  "of type CONTROLLER");
        EXPECT_TRUE(mismatched->brokers.empty());
        for (const std::int8_t unknown : {0, 3, -1}) {
            request.endpoint_type = unknown;
            const auto unsupported = co_await client.ask<DescribeClusterResponse>(request, 1);
            EXPECT_EQ(unsupported->error_code, raw(ErrorCode::kUnsupportedEndpointType));
            EXPECT_EQ(unsupported->error_message,
                      "Unsupported endpoint type " + std::to_string(unknown));
            EXPECT_EQ(unsupported->controller_id, -1);
        }
    });
}

TEST_P(DescribeClusterTest, OperationsAreToldWhenTheyAreAskedFor) {
    with_client([](Client& client) -> Task<> {
        DescribeClusterRequest request;
        const auto without = co_await client.ask<DescribeClusterResponse>(request, 0);
        EXPECT_EQ(without->cluster_authorized_operations, std::numeric_limits<std::int32_t>::min());
        request.include_cluster_authorized_operations = true;
        const auto with = co_await client.ask<DescribeClusterResponse>(request, 0);
        EXPECT_EQ(with->cluster_authorized_operations, 8096);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, DescribeClusterTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
