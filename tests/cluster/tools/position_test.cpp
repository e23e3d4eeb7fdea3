#include "cluster/tools/position.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Kind = Position::Kind;

constexpr std::int64_t kNewYear = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

std::optional<std::int64_t> time_of(std::string_view text) {
    const auto position = parse_position(text);
    if (!position || position->kind != Kind::kTime) return std::nullopt;
    return position->number;
}

TEST(Position, WordsAndNumbers) {
    EXPECT_EQ(parse_position("beginning"), (Position{Kind::kBeginning, 0}));
    EXPECT_EQ(parse_position("end"), (Position{Kind::kEnd, 0}));
    EXPECT_EQ(parse_position("0"), (Position{Kind::kOffset, 0}));
    EXPECT_EQ(parse_position("17"), (Position{Kind::kOffset, 17}));
    EXPECT_EQ(parse_position("-5"), (Position{Kind::kBeforeEnd, 5}));
}

TEST(Position, ATimeIsInUtcUnlessItNamesAZone) {
    EXPECT_EQ(time_of("2026-01-01"), kNewYear);
    EXPECT_EQ(time_of("2026-01-01T00:00"), kNewYear);
    EXPECT_EQ(time_of("2026-01-01 00:00:01"), kNewYear + 1000);
    EXPECT_EQ(time_of("2026-01-01T00:00:00Z"), kNewYear);
    EXPECT_EQ(time_of("2026-01-01T01:30:00+01:30"), kNewYear);
    EXPECT_EQ(time_of("2025-12-31T23:00:00-01:00"), kNewYear);
    EXPECT_EQ(time_of("@1767225600000"), kNewYear);
}

TEST(Position, WhatIsNeitherIsRefused) {
    for (const std::string_view each :
         {"", "start", "1x", "--5", "-9223372036854775808", "2026-1-1", "2026-02-30", "2026-13-01",
          "2026-01-01T24:00", "2026-01-01T", "2026-01-01T10", "2026-01-01+01", "@", "@x",
          "2026-01-01T00:00:00ZZ"}) {
        EXPECT_FALSE(parse_position(each)) << each;
    }
}

}  // namespace
}  // namespace millrace
