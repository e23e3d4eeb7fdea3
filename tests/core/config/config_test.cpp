#include "core/config/config.hpp"

#include "core/config/broker_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

TEST(Properties, CommentsSeparatorsAndContinuedLines) {
    const Properties read = parse_properties(
        "# a comment \\\n! another\na=1\nb : 2\nc 3\n  d = x \\\n    "
        "y\ne\nf=\\u0041\\t|\\\\\na=4\r\n");
    const Properties expected{{"a", "4"},   {"b", "2"}, {"c", "3"},
                              {"d", "x y"}, {"e", ""},  {"f", "A\t|\\"}};
    EXPECT_EQ(read, expected);
}

TEST(Properties, EscapedSeparatorsBelongToTheKey) {
    EXPECT_EQ(parse_properties("a\\=b\\ c=d"), (Properties{{"a=b c", "d"}}));
}

TEST(Config, DefaultsAreKafkas) {
    const ConfigReading reading = read_config({});
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_EQ(reading.config.listeners, (std::vector<Endpoint>{{"", 9092}}));
    EXPECT_EQ(reading.config.log_dirs, std::vector<std::string>{"/tmp/kafka-logs"});
    EXPECT_EQ(reading.config.segment_bytes, 1 << 30);
    EXPECT_EQ(reading.config.segment_ms, std::int64_t{168} * 3'600'000);
    EXPECT_TRUE(reading.config.flush_before_ack);
}

TEST(Config, ARefusedKeySaysWhatToDo) {
    const ConfigReading reading = read_config({{"zookeeper.connect", "localhost:2181"}});
    ASSERT_EQ(reading.problems.size(), 1u);
    EXPECT_NE(reading.problems[0].find("--override zookeeper.connect="), std::string::npos);
    EXPECT_TRUE(read_config({{"zookeeper.connect", ""}}).problems.empty());
}

TEST(Config, AnInvalidValueNamesKeyValueAndRange) {
    const ConfigReading reading = read_config({{"num.partitions", "0"}});
    ASSERT_EQ(reading.problems.size(), 1u);
    EXPECT_EQ(reading.problems[0], "num.partitions=0: a number from 1 to 2147483647");
    EXPECT_FALSE(read_config({{"auto.create.topics.enable", "yes"}}).problems.empty());
    EXPECT_FALSE(read_config({{"durability", "maybe"}}).problems.empty());
}

TEST(Config, OnlyPlaintextListenersAreTaken) {
    EXPECT_FALSE(read_config({{"listeners", "SSL://:9093"}}).problems.empty());
    EXPECT_FALSE(read_config({{"listeners", "PLAINTEXT://:70000"}}).problems.empty());
    EXPECT_FALSE(read_config({{"advertised.listeners", "PLAINTEXT://0.0.0.0:1"}}).problems.empty());
    const ConfigReading six = read_config({{"listeners", "PLAINTEXT://[::1]:1"}});
    EXPECT_EQ(six.config.listeners, (std::vector<Endpoint>{{"::1", 1}}));
}

TEST(Config, AnUnknownKeyIsAWarningWithTheNearestName) {
    const ConfigReading reading = read_config({{"log.segment.byte", "1"}});
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_EQ(reading.warnings,
              std::vector<std::string>{"log.segment.byte has no effect here; did you mean "
                                       "log.segment.bytes?"});
}

TEST(BrokerKeys, AreSortedByName) {
    const auto keys = broker_keys();
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(), [](const auto& left, const auto& right) {
        return left.name < right.name;
    }));
}

}  // namespace
}  // namespace millrace
