#include "core/config/config.hpp"

#include "core/config/broker_keys.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace {
namespace {

/// The keys that are refused, in order, with a blank between them.
std::string refused(const Properties& given) {
    std::string keys;
    for (const std::string& problem : read_config(given).problems) {
        if (!keys.empty()) keys += ' ';
        keys += problem.substr(0, problem.find('='));
    }
    return keys;
}

TEST(Config, DefaultsAreKafkas) {
    const ConfigReading reading = read_config({});
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_EQ(reading.config.listeners, (std::vector<Endpoint>{{"", 9092}}));
    EXPECT_EQ(reading.config.log_dirs, std::vector<std::string>{"/tmp/kafka-logs"});
    EXPECT_EQ(reading.config.topic.segment_bytes, 1 << 30);
    EXPECT_EQ(reading.config.topic.segment_ms, std::int64_t{168} * 3'600'000);
    EXPECT_TRUE(reading.config.flush_before_ack);
}

TEST(Config, TheCleanersKeysCount) {
    EXPECT_EQ(read_config({}).config.cleaner, CleanerConfig());
    const ConfigReading reading = read_config({{"log.cleaner.enable", "false"},
                                               {"log.cleaner.backoff.ms", "9223372036854775807"},
                                               {"log.cleaner.dedupe.buffer.size", "2097152"},
                                               {"log.cleaner.io.buffer.load.factor", "0.75"},
                                               {"log.cleaner.io.buffer.size", "65536"},
                                               {"log.cleaner.io.max.bytes.per.second", "1e6"}});
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_TRUE(reading.warnings.empty());
    const CleanerConfig& cleaner = reading.config.cleaner;
    EXPECT_FALSE(cleaner.enabled);
    EXPECT_GT(cleaner.backoff, std::chrono::hours(24 * 365));
    EXPECT_EQ(cleaner.dedupe_bytes, 2 << 20);
    EXPECT_EQ(cleaner.load_factor, 0.75);
    EXPECT_EQ(cleaner.buffer_bytes, 65536);
    EXPECT_EQ(cleaner.bytes_per_second, 1e6);
    EXPECT_EQ(cleaner.share(2).dedupe_bytes, 1 << 20);
    EXPECT_EQ(cleaner.share(2).bytes_per_second, 5e5);
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
    EXPECT_FALSE(read_config({{"delivery.path", "pigeon"}}).problems.empty());
    EXPECT_EQ(read_config({{"delivery.path", "mmap"}}).config.delivery, DeliveryPath::kMmap);
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

TEST(Config, EveryDefaultOfAnEffectiveKeyIsAllowed) {
    for (const KeyDescription& key : broker_keys()) {
        if (key.effect != KeyEffect::kEffective || key.default_value.data() == nullptr) continue;
        EXPECT_EQ(refused({{std::string(key.name), std::string(key.default_value)}}), "");
    }
}

TEST(Config, AllProblemsAreListedAtOnce) {
    EXPECT_EQ(refused({{"num.partitions", "0"},
                       {"auto.create.topics.enable", "yes"},
                       {"log.segment.bytes", "2147483648"},
                       {"durability", "maybe"}}),
              "auto.create.topics.enable durability log.segment.bytes num.partitions");
}

TEST(Config, WhatThisBrokerCannotBeIsRefused) {
    EXPECT_EQ(refused({{"process.roles", "broker"}}), "process.roles");
    EXPECT_EQ(refused({{"authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"}}),
              "authorizer.class.name");
    EXPECT_EQ(refused({{"remote.log.storage.system.enable", "true"}}),
              "remote.log.storage.system.enable");
    EXPECT_EQ(refused({{"zookeeper.connect", ""}, {"authorizer.class.name", " "}}), "");
    EXPECT_EQ(refused({{"security.inter.broker.protocol", "PLAINTEXT"}}), "");
}

TEST(Config, ListenersHaveNamesAndProtocols) {
    const Properties given{{"listeners", "internal://:9092"},
                           {"advertised.listeners", "INTERNAL://b1:19092"},
                           {"listener.security.protocol.map", "INTERNAL:PLAINTEXT"},
                           {"inter.broker.listener.name", "internal"}};
    EXPECT_EQ(refused(given), "");
    EXPECT_EQ(read_config(given).config.advertised,
              (std::vector<Endpoint>{{"b1", 19092, "INTERNAL"}}));
    EXPECT_EQ(refused({{"listeners", "INTERNAL://:9093"}}), "listeners");
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://:1,PLAINTEXT://:2"}}), "listeners");
    EXPECT_EQ(refused({{"listeners", ""}}), "listeners");
    EXPECT_EQ(refused({{"listener.security.protocol.map", "PLAINTEXT"}}),
              "listener.security.protocol.map");
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://0.0.0.0:9092"}}), "advertised.listeners");
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://0.0.0.0:9092"},
                       {"advertised.listeners", "PLAINTEXT://b1:9092"}}),
              "");
    EXPECT_EQ(refused({{"advertised.listeners", "OTHER://b1:9092"}}), "advertised.listeners");
}

TEST(Config, TheAdminListenerIsOnUnlessItIsEmpty) {
    const BrokerConfig untold = read_config({}).config;
    EXPECT_EQ(untold.admin, (Endpoint{"127.0.0.1", 9404}));
    EXPECT_TRUE(untold.admin_is_default);
    const BrokerConfig told = read_config({{"admin.listener", "[::1]:0"}}).config;
    EXPECT_EQ(told.admin, (Endpoint{"::1", 0}));
    EXPECT_FALSE(told.admin_is_default);
    EXPECT_FALSE(read_config({{"admin.listener", " "}}).config.admin);
    EXPECT_EQ(refused({{"admin.listener", "9404"}}), "admin.listener");
}

TEST(Config, FinerUnitsWin) {
    EXPECT_EQ(read_config({{"log.roll.ms", "9"}}).config.topic.segment_ms, 9);
    EXPECT_EQ(read_config({{"log.roll.hours", "2"}}).config.topic.segment_ms, 7'200'000);
    EXPECT_EQ(refused({{"log.roll.ms", "0"}}), "log.roll.ms");
}

TEST(Config, LogDirsWinOverLogDir) {
    EXPECT_EQ(read_config({{"log.dir", "/a"}, {"log.dirs", "/b, /c"}}).config.log_dirs,
              (std::vector<std::string>{"/b", "/c"}));
    EXPECT_EQ(refused({{"log.dirs", "/b,/b"}}), "log.dirs");
    EXPECT_EQ(refused({{"log.dir", " , "}}), "log.dir");
}

TEST(Config, NodeIdStandsInForBrokerId) {
    EXPECT_EQ(read_config({{"broker.id", "3"}}).config.broker_id, 3);
    EXPECT_EQ(read_config({{"node.id", "4"}}).config.broker_id, 4);
    EXPECT_EQ(read_config({{"broker.id", "-1"}}).config.broker_id, 0);
    EXPECT_EQ(refused({{"node.id", "4"}, {"broker.id", "3"}}), "node.id");
    EXPECT_EQ(refused({{"broker.id", "-2"}}), "broker.id");
}

TEST(Config, PowerlessKeysAreNamed) {
    const ConfigReading reading = read_config({{"my.plugin.key", "x"},
                                               {"num.io.threads", "16"},
                                               {"listener.name.internal.ssl.protocol", "x"},
                                               {"delete.topic.enable", "true"},
                                               {"max.connections", "10"}});
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_EQ(reading.warnings, (std::vector<std::string>{"max.connections has no effect here",
                                                          "my.plugin.key has no effect here"}));
    EXPECT_EQ(reading.harmless, "listener.name.internal.ssl.protocol, num.io.threads");
}

TEST(Config, ValuesAreTrimmedAsInKafka) {
    EXPECT_EQ(read_config({{"num.partitions", " +3 "}}).config.num_partitions, 3);
    EXPECT_FALSE(read_config({{"auto.create.topics.enable", "FALSE "}}).config.auto_create_topics);
    EXPECT_EQ(refused({{"num.partitions", "3x"}}), "num.partitions");
    EXPECT_EQ(refused({{"num.partitions", ""}}), "num.partitions");
    EXPECT_EQ(refused({{"num.partitions", "99999999999999999999"}}), "num.partitions");
}

}  // namespace
}  // namespace millrace
