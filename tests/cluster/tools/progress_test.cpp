#include "cluster/tools/progress.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Progress, NumbersHaveCommas) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(-1234567), "-1,234,567");
    EXPECT_EQ(with_commas(-123), "-123");
}

TEST(Progress, BytesHaveTheUnitThatFits) {
    EXPECT_EQ(bytes_in_words(0), "0 B");
    EXPECT_EQ(bytes_in_words(1023), "1023 B");
    EXPECT_EQ(bytes_in_words(1536), "1.5 KiB");
    EXPECT_EQ(bytes_in_words(5.0 * (1 << 30)), "5.0 GiB");
}

TEST(Progress, ABarFillsFromLeftToRight) {
    EXPECT_EQ(bar(0, 10, 10), "[>         ]   0%");
    EXPECT_EQ(bar(5, 10, 10), "[=====>    ]  50%");
    EXPECT_EQ(bar(10, 10, 10), "[==========] 100%");
    EXPECT_EQ(bar(20, 10, 10), "[==========] 100%");
}

}  // namespace
}  // namespace millrace
