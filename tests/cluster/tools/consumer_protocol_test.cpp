#include "cluster/tools/consumer_protocol.hpp"

#include "cluster/groups/subscription.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Share = std::vector<TopicPartition>;

TopicPartition at(std::string topic, std::int32_t index) {
    return {std::move(topic), PartitionIndex{index}};
}

TEST(ConsumerProtocol, ASubscriptionIsReadByTheBrokersOwnReader) {
    EXPECT_EQ(subscribed_topics(encode_subscription({"a", "bc"})),
              (std::vector<std::string>{"a", "bc"}));
    EXPECT_EQ(subscribed_topics(encode_subscription({})), std::vector<std::string>{});
}

TEST(ConsumerProtocol, AnAssignmentGathersTheTopics) {
    const Share share{at("b", 1), at("a", 2), at("b", 0)};
    const Bytes bytes = encode_assignment(share);
    EXPECT_EQ(to_hex(bytes),
              "0001"
              "00000002"
              "000161"
              "00000001"
              "00000002"
              "000162"
              "00000002"
              "00000000"
              "00000001"
              "ffffffff");
    EXPECT_EQ(decode_assignment(bytes), (Share{at("a", 2), at("b", 0), at("b", 1)}));
}

TEST(ConsumerProtocol, NothingIsNoPartitionsAndCutOffIsNoAssignment) {
    EXPECT_EQ(decode_assignment({}), Share{});
    EXPECT_EQ(decode_assignment(encode_assignment({})), Share{});
    const Bytes bytes = encode_assignment({at("abc", 7)});
    for (std::size_t size = 1; size < bytes.size() - sizeof(std::int32_t); ++size) {
        EXPECT_FALSE(decode_assignment(ByteView(bytes).first(size))) << size;
    }
}

TEST(ConsumerProtocol, RangesComeOutEvenOrTheFirstGetOneMore) {
    const std::vector<std::string> both{"t", "u"};
    const auto shares = assign_ranges(
        {{"m2", std::nullopt, both}, {"m1", std::nullopt, both}, {"m3", std::nullopt, {"u"}}},
        {{"t", 3}, {"u", 3}, {"v", 9}});
    EXPECT_EQ(shares.at("m1"), (Share{at("t", 0), at("t", 1), at("u", 0)}));
    EXPECT_EQ(shares.at("m2"), (Share{at("t", 2), at("u", 1)}));
    EXPECT_EQ(shares.at("m3"), (Share{at("u", 2)}));
}

TEST(ConsumerProtocol, MoreMembersThanPartitionsLeavesSomeWithNothing) {
    const std::vector<std::string> one{"t"};
    const auto shares =
        assign_ranges({{"a", std::nullopt, one}, {"b", std::nullopt, one}}, {{"t", 1}});
    EXPECT_EQ(shares.at("a"), (Share{at("t", 0)}));
    EXPECT_EQ(shares.at("b"), Share{});
}

TEST(ConsumerProtocol, StaticMembersComeFirst) {
    const std::vector<std::string> one{"t"};
    const auto shares =
        assign_ranges({{"a", std::nullopt, one}, {"z", "i1", one}, {"y", "i2", one}}, {{"t", 3}});
    EXPECT_EQ(shares.at("z"), (Share{at("t", 0)}));
    EXPECT_EQ(shares.at("y"), (Share{at("t", 1)}));
    EXPECT_EQ(shares.at("a"), (Share{at("t", 2)}));
}

}  // namespace
}  // namespace millrace
