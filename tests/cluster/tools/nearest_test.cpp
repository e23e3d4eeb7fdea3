#include "cluster/tools/nearest.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Names = std::vector<std::string>;

TEST(Nearest, ASwapIsOneMistake) {
    EXPECT_EQ(edit_distance("orders", "ordres"), 1u);
    EXPECT_EQ(edit_distance("orders", "order"), 1u);
    EXPECT_EQ(edit_distance("orders", "0rders"), 1u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("abc", "abc"), 0u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, CapitalsAreNoMistake) { EXPECT_EQ(edit_distance("Orders", "orders"), 0u); }

TEST(Nearest, TheNearestComesFirstAndStrangersNotAtAll) {
    const Names names{"invoices", "orders", "orders-eu", "border"};
    EXPECT_EQ(nearest_names("oders", names), Names{"orders"});
    EXPECT_EQ(nearest_names("order", names), (Names{"border", "orders", "orders-eu"}));
    EXPECT_EQ(nearest_names("zzz", names), Names{});
}

TEST(Nearest, ThreeAtMost) {
    EXPECT_EQ(nearest_names("abc", {"abc1", "abc2", "abc3", "abc4"}).size(), 3u);
}

TEST(Nearest, ASentenceForAnyNumberOfThem) {
    EXPECT_EQ(not_there("topic", "x", {}), "there is no topic 'x', and no other topic");
    EXPECT_EQ(not_there("topic", "oders", {"orders"}),
              "there is no topic 'oders'; did you mean 'orders'?");
    EXPECT_EQ(not_there("topic", "abc", {"abc1", "abc2", "abc3"}),
              "there is no topic 'abc'; did you mean 'abc1', 'abc2' or 'abc3'?");
    EXPECT_EQ(not_there("group", "zzz", {"orders"}),
              "there is no group 'zzz'; `millrace groups` lists those that are");
}

}  // namespace
}  // namespace millrace
