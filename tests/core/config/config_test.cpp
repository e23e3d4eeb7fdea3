#include "core/config/config.hpp"

#include "core/base/units.hpp"
#include "core/config/broker_keys.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

BrokerConfig built(const Properties& given) {
    const ConfigOutcome outcome = build_config(given);
    for (const ConfigProblem& problem : outcome.problems) ADD_FAILURE() << problem.to_string();
    return outcome.config.value_or(BrokerConfig{});
}

/// The keys that are refused, in order, as "key key".
std::string refused(const Properties& given) {
    const ConfigOutcome outcome = build_config(given);
    EXPECT_EQ(outcome.config.has_value(), outcome.problems.empty());
    std::string keys;
    for (const ConfigProblem& problem : outcome.problems)
        keys += (keys.empty() ? "" : " ") + problem.key;
    return keys;
}

TEST(Config, DefaultsAreKafkas) {
    const BrokerConfig config = built({});
    EXPECT_EQ(config.broker_id, BrokerId{-1});
    EXPECT_EQ(config.listeners, (std::vector{Listener{"PLAINTEXT", "", 9092}}));
    EXPECT_EQ(config.advertised_listeners, config.listeners);
    EXPECT_EQ(config.log_dirs, std::vector<std::string>{"/tmp/kafka-logs"});
    EXPECT_EQ(config.num_partitions, 1);
    EXPECT_TRUE(config.auto_create_topics);
    EXPECT_EQ(config.segment_bytes, 1 << 30);
    EXPECT_EQ(config.roll_ms, 168 * kHourMs);
    EXPECT_EQ(config.retention_ms, 168 * kHourMs);
    EXPECT_EQ(config.retention_bytes, -1);
    EXPECT_TRUE(config.cleanup_delete);
    EXPECT_FALSE(config.cleanup_compact);
    EXPECT_EQ(config.message_bytes_max, 1048588);
    EXPECT_EQ(config.request_bytes_max, 104857600);
    EXPECT_EQ(config.compression_type, "producer");
    EXPECT_EQ(config.timestamp_before_max_ms, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(config.durability, Durability::kFlush);
    EXPECT_FALSE(config.cache_bytes);
    EXPECT_FALSE(config.shards);
}

TEST(Config, EveryDefaultOfAnEffectiveKeyIsInItsRange) {
    for (const KeyDescriptor& key : broker_keys()) {
        if (key.effect != KeyEffect::kEffective || !key.has_default()) continue;
        const Properties given = {{std::string(key.name), std::string(key.default_value)}};
        EXPECT_EQ(refused(given), "") << key.name;
    }
}

TEST(Config, GivesOurOwnKeysTheirMeaning) {
    const BrokerConfig config = built({{"durability", "os"},
                                       {"journal.bytes", "67108864"},
                                       {"cache.bytes", "1073741824"},
                                       {"shards", "4"},
                                       {"delivery.path", "sendfile"},
                                       {"log.format", "json"}});
    EXPECT_EQ(config.durability, Durability::kOs);
    EXPECT_EQ(config.journal_bytes, 64 * kMiB);
    EXPECT_EQ(config.cache_bytes, kGiB);
    EXPECT_EQ(config.shards, 4);
    EXPECT_EQ(config.delivery_path, DeliveryPath::kSendfile);
    EXPECT_EQ(config.log_format, LogFormat::kJson);
    EXPECT_EQ(built({{"delivery.path", "read"}}).delivery_path, DeliveryPath::kRead);
}

TEST(Config, ListsEveryProblemAtOnce) {
    EXPECT_EQ(refused({{"num.partitions", "0"},
                       {"auto.create.topics.enable", "yes"},
                       {"log.segment.bytes", "2147483648"},
                       {"log.cleanup.policy", "delete,shrink"},
                       {"durability", "maybe"}}),
              "auto.create.topics.enable durability log.cleanup.policy log.segment.bytes "
              "num.partitions");
}

TEST(Config, ProblemNamesKeyValueAndRange) {
    const ConfigOutcome outcome = build_config({{"socket.listen.backlog.size", "0"}});
    ASSERT_EQ(outcome.problems.size(), 1u);
    EXPECT_EQ(outcome.problems[0].to_string(),
              "socket.listen.backlog.size=0 cannot be used: a whole number from 1 to 2147483647");
}

TEST(Config, RefusesWhatItCannotBe) {
    EXPECT_EQ(refused({{"zookeeper.connect", "localhost:2181"}}), "zookeeper.connect");
    EXPECT_EQ(refused({{"process.roles", "broker"}}), "process.roles");
    EXPECT_EQ(refused({{"authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"}}),
              "authorizer.class.name");
    EXPECT_EQ(refused({{"zookeeper.connect", ""}, {"authorizer.class.name", " "}}), "");
    EXPECT_EQ(refused({{"security.inter.broker.protocol", "PLAINTEXT"}}), "");
    const ConfigOutcome outcome = build_config({{"zookeeper.connect", "z:1"}});
    EXPECT_NE(outcome.problems.at(0).allowed.find("--override zookeeper.connect="),
              std::string::npos);
}

TEST(Config, RefusesProtocolsItDoesNotSpeak) {
    EXPECT_EQ(refused({{"listeners", "SSL://:9093"}}), "listeners");
    EXPECT_EQ(refused({{"listeners", "INTERNAL://:9093"}}), "listeners");
    EXPECT_EQ(refused({{"listeners", "INTERNAL://:9093,X://:9094"},
                       {"listener.security.protocol.map", "INTERNAL:PLAINTEXT,X:SASL_SSL"}}),
              "listeners");
    EXPECT_EQ(refused({{"listener.security.protocol.map", "PLAINTEXT"}}),
              "listener.security.protocol.map");
}

TEST(Config, ReadsNamedAndAdvertisedListeners) {
    const BrokerConfig config =
        built({{"listeners", "INTERNAL://:9092, EXTERNAL://[::]:9093"},
               {"advertised.listeners", "INTERNAL://b1:9092,EXTERNAL://b1.example.com:19093"},
               {"listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT"}});
    EXPECT_EQ(config.listeners.at(1), (Listener{"EXTERNAL", "::", 9093}));
    EXPECT_EQ(config.advertised_listeners.at(1), (Listener{"EXTERNAL", "b1.example.com", 19093}));
}

TEST(Config, RefusesListenersThatClash) {
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://:1,PLAINTEXT://:2"}}), "listeners");
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://:1,B://:1"},
                       {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,B:PLAINTEXT"}}),
              "listeners");
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://:0,B://:0"},
                       {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,B:PLAINTEXT"}}),
              "");
    EXPECT_EQ(refused({{"listeners", ""}}), "listeners");
}

TEST(Config, RefusesAdvertisingWhatNobodyReaches) {
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://0.0.0.0:9092"}}), "advertised.listeners");
    EXPECT_EQ(refused({{"listeners", "PLAINTEXT://0.0.0.0:9092"},
                       {"advertised.listeners", "PLAINTEXT://b1:9092"}}),
              "");
    EXPECT_EQ(refused({{"advertised.listeners", "OTHER://b1:9092"}}), "advertised.listeners");
    EXPECT_EQ(refused({{"advertised.listeners", "b1:9092"}}), "advertised.listeners");
}

TEST(Config, FinerUnitsWin) {
    EXPECT_EQ(built({{"log.retention.ms", "5"}, {"log.retention.hours", "1"}}).retention_ms, 5);
    EXPECT_EQ(built({{"log.retention.minutes", "2"}}).retention_ms, 2 * kMinuteMs);
    EXPECT_EQ(built({{"log.retention.hours", "-1"}}).retention_ms, -1);
    EXPECT_EQ(built({{"log.roll.ms", "9"}}).roll_ms, 9);
    EXPECT_EQ(refused({{"log.roll.ms", "0"}}), "log.roll.ms");
    EXPECT_EQ(refused({{"log.retention.ms", "0"}}), "log.retention.ms");
}

TEST(Config, OlderTimestampLimitBindsWhereTheNewDoNot) {
    const BrokerConfig config = built({{"log.message.timestamp.difference.max.ms", "100"},
                                       {"log.message.timestamp.after.max.ms", "7"}});
    EXPECT_EQ(config.timestamp_before_max_ms, 100);
    EXPECT_EQ(config.timestamp_after_max_ms, 7);
}

TEST(Config, LogDirsWinOverLogDir) {
    EXPECT_EQ(built({{"log.dir", "/a"}, {"log.dirs", "/b, /c"}}).log_dirs,
              (std::vector<std::string>{"/b", "/c"}));
    EXPECT_EQ(built({{"log.dir", "/a"}}).log_dirs, std::vector<std::string>{"/a"});
    EXPECT_EQ(refused({{"log.dirs", "/b,/b"}}), "log.dirs");
    EXPECT_EQ(refused({{"log.dir", " , "}}), "log.dir");
}

TEST(Config, NodeIdStandsInForBrokerId) {
    EXPECT_EQ(built({{"broker.id", "3"}}).broker_id, BrokerId{3});
    EXPECT_EQ(built({{"node.id", "4"}}).broker_id, BrokerId{4});
    EXPECT_EQ(refused({{"node.id", "4"}, {"broker.id", "3"}}), "node.id");
    EXPECT_EQ(refused({{"broker.id", "-2"}}), "broker.id");
}

TEST(Config, WarnsOfUnknownAndPowerlessKeys) {
    const ConfigOutcome outcome = build_config({{"num.partition", "3"},
                                                {"my.plugin.key", "x"},
                                                {"num.io.threads", "16"},
                                                {"listener.name.internal.ssl.protocol", "x"},
                                                {"delete.topic.enable", "true"},
                                                {"max.connections", "10"}});
    EXPECT_TRUE(outcome.config.has_value());
    EXPECT_EQ(
        outcome.warnings,
        (std::vector<std::string>{
            "max.connections has no effect in this broker", "my.plugin.key is not a known key",
            "num.partition is not a known key; did you mean num.partitions?"}));
}

TEST(Config, ValuesAreTrimmedAsInKafka) {
    EXPECT_EQ(built({{"num.partitions", " +3 "}}).num_partitions, 3);
    EXPECT_FALSE(built({{"auto.create.topics.enable", "FALSE "}}).auto_create_topics);
    EXPECT_EQ(refused({{"num.partitions", "3x"}}), "num.partitions");
    EXPECT_EQ(refused({{"num.partitions", ""}}), "num.partitions");
    EXPECT_EQ(refused({{"num.partitions", "99999999999999999999"}}), "num.partitions");
}

}  // namespace
}  // namespace millrace
