#include "core/config/key.hpp"

#include "core/config/key_rules.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace {
namespace {

constexpr KeyDescription kShortKey{"s", KeyType::kShort, "1", KeyEffect::kEffective, 1, 100};
constexpr KeyDescription kIntKey{"i", KeyType::kInt, "1", KeyEffect::kEffective, 0};
constexpr KeyDescription kLongKey{"l", KeyType::kLong, "1", KeyEffect::kEffective};
constexpr KeyDescription kDoubleKey{"d", KeyType::kDouble, "0.5", KeyEffect::kEffective, 0, 1};
constexpr KeyDescription kFlagKey{"b", KeyType::kBoolean, "true", KeyEffect::kEffective};
constexpr KeyDescription kPlainKey{"p", KeyType::kString, "", KeyEffect::kEffective};

constexpr KeyDescription ruled(KeyType type, KeyDescription::Rule rule) {
    KeyDescription key{"r", type, "", KeyEffect::kEffective};
    key.rule = rule;
    return key;
}

constexpr KeyDescription worded(KeyType type) {
    KeyDescription key{"w", type, "one", KeyEffect::kEffective};
    key.allowed = "one, two";
    return key;
}

std::string problem(const KeyDescription& key, std::string_view value) {
    return value_problem(key, value).value_or("");
}

TEST(Key, MessagesAreKafkas) {
    EXPECT_EQ(problem(kIntKey, "x"),
              "Invalid value x for configuration i: Not a number of type INT");
    EXPECT_EQ(problem(kIntKey, "-1"),
              "Invalid value -1 for configuration i: Value must be at least 0");
    EXPECT_EQ(problem(kShortKey, " +101 "),
              "Invalid value 101 for configuration s: Value must be no more than 100");
    EXPECT_EQ(problem(kDoubleKey, "1.50"),
              "Invalid value 1.5 for configuration d: Value must be no more than 1");
    EXPECT_EQ(problem(kFlagKey, " yes"),
              "Invalid value  yes for configuration b: Expected value to be either true or false");
    EXPECT_EQ(problem(worded(KeyType::kString), "three"),
              "Invalid value three for configuration w: String must be one of: one, two");
    EXPECT_EQ(problem(worded(KeyType::kList), "one,,two"),
              "Invalid value  for configuration w: String must be one of: one, two");
    EXPECT_EQ(problem(ruled(KeyType::kInt, &gzip_level_problem), "0"),
              "Invalid value 0 for configuration r: Value must be between 1 and 9 or equal to -1");
    EXPECT_EQ(problem(ruled(KeyType::kString, &version_problem), "5"),
              "Invalid value 5 for configuration r: Version 5 is not a valid version");
    EXPECT_EQ(problem(ruled(KeyType::kList, &throttled_replicas_problem), "1:2, x"),
              "Invalid value [1:2, x] for configuration r: r must be the literal '*' or a list of "
              "replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],"
              "...");
}

TEST(Key, NumbersAreJavas) {
    EXPECT_EQ(problem(kShortKey, "32768"),
              "Invalid value 32768 for configuration s: Not a number of type SHORT");
    EXPECT_NE(problem(kIntKey, "2147483648"), "");
    EXPECT_EQ(problem(kLongKey, "-9223372036854775808"), "");
    EXPECT_NE(problem(kLongKey, "9223372036854775808"), "");
    for (const char* const wrong : {"", "+", "-", "+-1", "1 2", "1.0", "0x10", "1e3", "1L"}) {
        EXPECT_NE(problem(kLongKey, wrong), "") << wrong;
    }
    for (const char* const wrong : {"", ".", "e1", "1e", "inf", "nan", "1.2.3", "--1", "0x"}) {
        EXPECT_FALSE(parse_double(wrong)) << wrong;
    }
    EXPECT_EQ(parse_double(" -.5 "), -0.5);
    EXPECT_EQ(parse_double("1.f"), 1.0);
    EXPECT_EQ(parse_double("2e3d"), 2000.0);
    EXPECT_EQ(parse_double("1e999"), std::numeric_limits<double>::infinity());
    EXPECT_EQ(parse_double("1e-999"), 0.0);
    EXPECT_TRUE(std::isnan(parse_double("NaN").value_or(0)));
}

TEST(Key, ValuesAreWrittenAsJavaWritesThem) {
    EXPECT_EQ(canonical_value(KeyType::kInt, " +07 "), "7");
    EXPECT_EQ(canonical_value(KeyType::kBoolean, "TRUE"), "true");
    EXPECT_EQ(canonical_value(KeyType::kList, " a , b,"), "a,b,");
    EXPECT_EQ(canonical_value(KeyType::kList, " "), "");
    EXPECT_EQ(canonical_value(KeyType::kString, " a b "), "a b");
    EXPECT_EQ(canonical_value(KeyType::kDouble, "1"), "1.0");
    EXPECT_EQ(canonical_value(KeyType::kDouble, "0.50"), "0.5");
    EXPECT_EQ(canonical_value(KeyType::kDouble, "12345678"), "1.2345678E7");
    EXPECT_EQ(canonical_value(KeyType::kDouble, "1e10"), "1.0E10");
    EXPECT_EQ(canonical_value(KeyType::kDouble, "1.7976931348623157e308"),
              "1.7976931348623157E308");
    EXPECT_EQ(canonical_value(KeyType::kDouble, "0.0001"), "1.0E-4");
}

TEST(Key, EveryBlankAroundAValueIsLeftOut) {
    EXPECT_EQ(canonical_value(KeyType::kString, "\x01\x1f a\t\n"), "a");
    EXPECT_EQ(problem(kPlainKey, "anything at all"), "");
}

TEST(Key, VersionsAreKafkasReleases) {
    const KeyDescription key = ruled(KeyType::kString, &version_problem);
    for (const char* const good : {"0.8.2", "0.8.2.2", "0.10.0", "0.10.0-IV1", "2.8", "2.8.1",
                                   "3.9", "3.9-IV0", "4.0-IV1", "2.8..1"}) {
        EXPECT_EQ(problem(key, good), "") << good;
    }
    for (const char* const bad : {"", "0.8", "3", "4.0", "4.0.0", "3.10", "2.8-IV2", "2.8.", "x"}) {
        EXPECT_NE(problem(key, bad), "") << bad;
    }
}

TEST(Key, ThrottledReplicasAreNumbersInPairsOrAStar) {
    const KeyDescription key = ruled(KeyType::kList, &throttled_replicas_problem);
    for (const char* const good : {"", "*", "0:1", "0:1,2:3", "0:1,", " 0:1 , 2:3 "}) {
        EXPECT_EQ(problem(key, good), "") << good;
    }
    for (const char* const bad : {"0", "0:", ":1", "*,0:1", "a:1", "0:1:2"}) {
        EXPECT_NE(problem(key, bad), "") << bad;
    }
}

}  // namespace
}  // namespace millrace
