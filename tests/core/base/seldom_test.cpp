#include "core/base/seldom.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace millrace {
namespace {

TEST(SeldomTest, ReadingMakesNothing) {
    const Seldom<std::vector<int>> seldom;
    EXPECT_TRUE(seldom->empty());
    EXPECT_FALSE(seldom.is_there());
    static_assert(sizeof(seldom) == sizeof(void*));
}

TEST(SeldomTest, WhatIsWrittenStaysUntilItIsReset) {
    Seldom<std::vector<int>> seldom;
    seldom->push_back(7);
    Seldom<std::vector<int>> other;
    EXPECT_EQ(std::as_const(seldom)->front(), 7);
    EXPECT_TRUE(std::as_const(other)->empty());
    seldom.reset();
    EXPECT_FALSE(seldom.is_there());
    EXPECT_TRUE(std::as_const(seldom)->empty());
}

}  // namespace
}  // namespace millrace
