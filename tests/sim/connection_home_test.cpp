// Connections go to the shard that has their work, where virtual time and a seed decide, and not
// how busy a machine is, whether a shard has time for one.
#include "tests/sim/on_sim_broker.hpp"

namespace millrace::sim {
namespace {

// Enough to leave, and to be refused now and then.
constexpr int kRequests = 200;
constexpr const char* kLeft = "millrace_connections_left_total";

class ConnectionHomeTest : public OnSimBroker {};

TEST_P(ConnectionHomeTest, AProducerOfOnePartitionLeavesForItsShard) {
    talk_to_each([](World& world, std::int32_t partition) {
        return produce_in_row(world, kPort, partition, kRequests);
    });
    const std::uint64_t left = total(kLeft);
    if (GetParam() == 1) {
        EXPECT_EQ(left, 0u);
    } else {
        EXPECT_GT(left, 0u);
        EXPECT_LE(left, static_cast<std::uint64_t>(kPartitions)) << "who is at home stays";
    }
}

TEST_P(ConnectionHomeTest, AConsumerStaysWhereItsSessionIs) {
    talk_to_each([](World& world, std::int32_t partition) {
        return fetch_in_session(world, kPort, partition, kRequests);
    });
    EXPECT_EQ(total(kLeft), 0u);
}

INSTANTIATE_TEST_SUITE_P(Shards, ConnectionHomeTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace::sim
