#include "core/config/topic_keys.hpp"

#include "core/config/broker_keys.hpp"
#include "core/config/config.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TopicConfig read(const Properties& overrides) { return read_topic_config({}, overrides).config; }

std::string problem(const Properties& overrides) {
    return read_topic_config({}, overrides).problem.text;
}

TEST(TopicKeys, AreAllOfKafkas) {
    EXPECT_EQ(topic_keys().size(), 36u);
    for (const TopicKey& each : topic_keys()) {
        EXPECT_EQ(find_topic_key(each.key.name), &each);
        EXPECT_EQ(value_problem(each.key, each.key.default_value), std::nullopt) << each.key.name;
        for (const std::string_view synonym : each.synonyms) {
            EXPECT_TRUE(synonym.empty() || find_broker_key(synonym) != nullptr) << synonym;
        }
    }
    EXPECT_EQ(find_topic_key("segment.byte"), nullptr);
    EXPECT_EQ(find_topic_key("zzz"), nullptr);
}

TEST(TopicKeys, DefaultsAreTheBrokers) {
    EXPECT_EQ(topic_defaults({}), TopicConfig());
    EXPECT_EQ(read({}), TopicConfig());
    for (const TopicKey& each : topic_keys()) {
        const BrokerSetting setting = broker_setting(each, {});
        if (setting.name.empty()) continue;
        EXPECT_EQ(setting.value, each.key.default_value) << each.key.name;
    }
}

TEST(TopicKeys, EachReachesItsMember) {
    const TopicConfig config = read({{"segment.bytes", "14"},
                                     {"segment.ms", "1"},
                                     {"segment.jitter.ms", "2"},
                                     {"segment.index.bytes", "4"},
                                     {"index.interval.bytes", "5"},
                                     {"flush.messages", "6"},
                                     {"flush.ms", "7"},
                                     {"file.delete.delay.ms", "8"},
                                     {"preallocate", "TRUE"},
                                     {"cleanup.policy", "compact"},
                                     {"retention.bytes", "9"},
                                     {"retention.ms", "-1"},
                                     {"delete.retention.ms", "10"},
                                     {"min.compaction.lag.ms", "11"},
                                     {"max.compaction.lag.ms", "12"},
                                     {"min.cleanable.dirty.ratio", "0.25"},
                                     {"max.message.bytes", "13"},
                                     {"message.timestamp.type", "LogAppendTime"},
                                     {"compression.type", "zstd"},
                                     {"compression.gzip.level", "1"},
                                     {"compression.lz4.level", "2"},
                                     {"compression.zstd.level", "-7"},
                                     {"min.insync.replicas", "3"},
                                     {"message.downconversion.enable", "false"},
                                     {"unclean.leader.election.enable", "true"}});
    TopicConfig wanted;
    wanted.segment_bytes = 14;
    wanted.segment_ms = 1;
    wanted.segment_jitter_ms = 2;
    wanted.segment_index_bytes = 4;
    wanted.index_interval_bytes = 5;
    wanted.flush_messages = 6;
    wanted.flush_ms = 7;
    wanted.file_delete_delay_ms = 8;
    wanted.preallocate = true;
    wanted.cleanup_by_deletion = false;
    wanted.cleanup_by_compaction = true;
    wanted.retention_bytes = 9;
    wanted.retention_ms = -1;
    wanted.delete_retention_ms = 10;
    wanted.min_compaction_lag_ms = 11;
    wanted.max_compaction_lag_ms = 12;
    wanted.min_cleanable_dirty_ratio = 0.25;
    wanted.max_message_bytes = 13;
    wanted.message_timestamp_type = TimestampType::kLogAppendTime;
    wanted.compression_type = TopicCompression::kZstd;
    wanted.compression_gzip_level = 1;
    wanted.compression_lz4_level = 2;
    wanted.compression_zstd_level = -7;
    wanted.min_insync_replicas = 3;
    wanted.message_downconversion_enable = false;
    wanted.unclean_leader_election_enable = true;
    EXPECT_EQ(config, wanted);
}

TEST(TopicKeys, BothCleanupPoliciesOrNone) {
    EXPECT_TRUE(read({{"cleanup.policy", " compact , delete "}}).cleanup_by_deletion);
    EXPECT_TRUE(read({{"cleanup.policy", "delete,compact"}}).cleanup_by_compaction);
    EXPECT_FALSE(read({{"cleanup.policy", ""}}).cleanup_by_deletion);
}

TEST(TopicKeys, TheDifferenceStandsInForUnlimitedBounds) {
    const TopicConfig config = read(
        {{"message.timestamp.difference.max.ms", "5"}, {"message.timestamp.after.max.ms", "7"}});
    EXPECT_EQ(config.message_timestamp_before_max_ms, 5);
    EXPECT_EQ(config.message_timestamp_after_max_ms, 7);
    const TopicConfig broker = topic_defaults({{"log.message.timestamp.difference.max.ms", "9"}});
    EXPECT_EQ(broker.message_timestamp_before_max_ms, 9);
    // The broker's own stand-in is a bound like any other to a topic.
    EXPECT_EQ(read_topic_config(broker, {{"message.timestamp.difference.max.ms", "5"}})
                  .config.message_timestamp_before_max_ms,
              9);
}

TEST(TopicKeys, ProblemsAreInKafkasWords) {
    EXPECT_EQ(problem({{"retention.days", "7"}}), "Unknown topic config name: retention.days");
    EXPECT_EQ(problem({{"retention.ms", "-2"}}),
              "Invalid value -2 for configuration retention.ms: Value must be at least -1");
    EXPECT_EQ(
        problem({{"min.compaction.lag.ms", "2"}, {"max.compaction.lag.ms", "1"}}),
        "conflict topic config setting min.compaction.lag.ms (2) > max.compaction.lag.ms (1)");
    EXPECT_EQ(problem({{"remote.storage.enable", "true"}}),
              "Tiered Storage functionality is disabled in the broker. Topic cannot be configured "
              "with remote log storage.");
    EXPECT_EQ(problem({{"remote.log.copy.disable", "true"}}),
              "It is invalid to set `remote.log.delete.on.disable` or `remote.log.copy.disable` "
              "under Zookeeper's mode.");
    EXPECT_EQ(problem({{"remote.log.copy.disable", "false"}, {"remote.storage.enable", "false"}}),
              "");
    EXPECT_NE(problem({{"message.format.version", "x"}}), "");
    EXPECT_EQ(problem({{"message.format.version", "0.9.0"}}), "");
    EXPECT_EQ(problem({{"retention.bytes", "-7"}}), "");
}

TEST(TopicKeys, OnlyAWrongValueIsOneOfAResource) {
    EXPECT_TRUE(read_topic_config({}, {{"retention.ms", "x"}}).problem.of_a_value);
    EXPECT_TRUE(read_topic_config({}, {{"remote.storage.enable", "true"}}).problem.of_a_value);
    EXPECT_FALSE(read_topic_config({}, {{"x", "1"}}).problem.of_a_value);
    TopicConfig broker;
    broker.min_compaction_lag_ms = 10;
    const auto reading = read_topic_config(broker, {{"max.compaction.lag.ms", "9"}});
    EXPECT_FALSE(reading.problem.text.empty());
    EXPECT_FALSE(reading.problem.of_a_value);
}

TEST(TopicKeys, TheFinerOfTheBrokersKeysCounts) {
    EXPECT_EQ(topic_defaults({{"log.retention.hours", "2"}}).retention_ms, 7'200'000);
    EXPECT_EQ(
        topic_defaults({{"log.retention.hours", "2"}, {"log.retention.minutes", "3"}}).retention_ms,
        180'000);
    EXPECT_EQ(
        topic_defaults({{"log.retention.ms", "4"}, {"log.retention.minutes", "3"}}).retention_ms,
        4);
    EXPECT_EQ(topic_defaults({{"log.retention.hours", "-3"}}).retention_ms, -1);
    EXPECT_EQ(topic_defaults({{"log.roll.hours", "1"}}).segment_ms, 3'600'000);
    EXPECT_EQ(topic_defaults({{"log.roll.jitter.hours", "1"}}).segment_jitter_ms, 3'600'000);
    EXPECT_EQ(topic_defaults({{"log.flush.scheduler.interval.ms", "8"}}).flush_ms, 8);
    EXPECT_EQ(
        topic_defaults({{"log.flush.interval.ms", "9"}, {"log.flush.scheduler.interval.ms", "8"}})
            .flush_ms,
        9);
}

TEST(TopicKeys, TheBrokersConfigurationHoldsThem) {
    const Properties given{{"log.segment.bytes", "5000"},
                           {"message.max.bytes", "77"},
                           {"log.cleanup.policy", "compact,delete"},
                           {"compression.type", "lz4"}};
    const TopicConfig topic = read_config(given).config.topic;
    EXPECT_EQ(topic.segment_bytes, 5000);
    EXPECT_EQ(topic.max_message_bytes, 77);
    EXPECT_TRUE(topic.cleanup_by_compaction);
    EXPECT_EQ(topic.compression_type, TopicCompression::kLz4);
    EXPECT_EQ(topic, topic_defaults(given));
}

TEST(TopicKeys, ABrokersKeyThatNoTopicCouldHaveIsRefused) {
    EXPECT_FALSE(read_config({{"log.flush.interval.ms", "-1"}}).problems.empty());
    EXPECT_TRUE(read_config({{"log.retention.ms", "-9"}}).problems.empty());
}

}  // namespace
}  // namespace millrace
