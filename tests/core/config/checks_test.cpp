// What keys have to be together. Kafka's own classes say the same (the proof `configs`).
#include "core/config/checks.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

/// Kafka's judgement: what isn't built here is right all the same.
bool is_right(const Properties& given) {
    const ConfigReading reading = read_config(given);
    return reading.problems.size() == reading.refusals;
}

TEST(Checks, TheBrokersIdIsWithinWhatIsNotGenerated) {
    EXPECT_TRUE(is_right({{"broker.id", "1000"}}));
    EXPECT_FALSE(is_right({{"broker.id", "1001"}}));
    EXPECT_TRUE(is_right({{"broker.id", "1001"}, {"broker.id.generation.enable", "false"}}));
    EXPECT_TRUE(is_right({{"broker.id", "1001"}, {"reserved.broker.max.id", "1001"}}));
    EXPECT_FALSE(is_right({{"broker.id.generation.enable", "false"}}));
    EXPECT_FALSE(is_right({{"node.id", "-2"}}));
}

TEST(Checks, AgesAreNotZero) {
    EXPECT_FALSE(is_right({{"log.retention.hours", "0"}}));
    EXPECT_TRUE(is_right({{"log.retention.hours", "0"}, {"log.retention.ms", "-1"}}));
    EXPECT_FALSE(is_right({{"log.retention.minutes", "0"}, {"log.retention.hours", "1"}}));
    EXPECT_FALSE(is_right({{"log.roll.ms", "0"}}));
    EXPECT_FALSE(is_right({{"log.roll.jitter.ms", "-1"}}));
}

TEST(Checks, TheSmallerIsNotTheLarger) {
    EXPECT_FALSE(is_right({{"replica.fetch.wait.max.ms", "30001"}}));
    EXPECT_FALSE(
        is_right({{"replica.fetch.wait.max.ms", "200"}, {"replica.lag.time.max.ms", "199"}}));
    EXPECT_TRUE(
        is_right({{"replica.fetch.wait.max.ms", "200"}, {"replica.lag.time.max.ms", "200"}}));
    EXPECT_FALSE(is_right({{"group.consumer.session.timeout.ms", "60001"}}));
    EXPECT_TRUE(is_right({{"group.consumer.session.timeout.ms", "60001"},
                          {"group.consumer.max.session.timeout.ms", "60001"}}));
    EXPECT_FALSE(is_right({{"offsets.commit.required.acks", "4"}}));
    EXPECT_FALSE(is_right({{"offsets.commit.required.acks", "-2"}}));
}

TEST(Checks, TheCleanerHasMoreThanAMebibyteForEachThread) {
    EXPECT_FALSE(is_right({{"log.cleaner.threads", "128"}}));
    EXPECT_TRUE(is_right({{"log.cleaner.threads", "127"}}));
    EXPECT_FALSE(is_right({{"log.cleaner.threads", "0"}}));
}

TEST(Checks, ConnectionLimits) {
    EXPECT_FALSE(is_right({{"max.connections.per.ip", "0"}}));
    EXPECT_TRUE(is_right(
        {{"max.connections.per.ip", "0"}, {"max.connections.per.ip.overrides", "a:1, ::1:2"}}));
    EXPECT_FALSE(is_right({{"max.connections.per.ip.overrides", "a"}}));
    EXPECT_FALSE(is_right({{"max.connections.per.ip.overrides", "a b:1"}}));
    EXPECT_FALSE(is_right({{"connections.max.idle.ms", "100"}}));
    EXPECT_TRUE(is_right({{"connections.max.idle.ms", "-1"}}));
    EXPECT_FALSE(is_right({{"queued.max.request.bytes", "104857599"}}));
}

TEST(Checks, TheWayToKRaft) {
    EXPECT_FALSE(is_right({{"controller.listener.names", "CONTROLLER"}}));
    EXPECT_FALSE(is_right({{"zookeeper.metadata.migration.enable", "true"}}));
    EXPECT_FALSE(is_right({{"group.coordinator.rebalance.protocols", "classic,consumer"}}));
    EXPECT_FALSE(is_right({{"group.coordinator.rebalance.protocols", "share"}}));
}

TEST(Checks, OldBrokersWriteOldRecords) {
    EXPECT_FALSE(is_right({{"inter.broker.protocol.version", "0.10.2"}}));
    EXPECT_TRUE(is_right(
        {{"inter.broker.protocol.version", "0.10.2"}, {"log.message.format.version", "0.10.0"}}));
    EXPECT_TRUE(is_right({{"inter.broker.protocol.version", "2.8"}}));
    EXPECT_TRUE(is_right({{"log.message.format.version", "0.9.0"}}));
}

TEST(Checks, ListenersThatAreNamed) {
    EXPECT_FALSE(is_right({{"inter.broker.listener.name", "OTHER"}}));
    EXPECT_FALSE(is_right({{"inter.broker.listener.name", "SSL"}}));
    EXPECT_FALSE(is_right({{"inter.broker.listener.name", "PLAINTEXT"},
                           {"security.inter.broker.protocol", "PLAINTEXT"}}));
    EXPECT_FALSE(is_right({{"early.start.listeners", "plaintext"}}));
    EXPECT_TRUE(is_right({{"early.start.listeners", "PLAINTEXT"}}));
    EXPECT_TRUE(is_right({{"listeners", "PLAINTEXT://a:1,SSL://b:2"}}));
    EXPECT_FALSE(is_right({{"listeners", "PLAINTEXT://a:1,SSL://b:1"}}));
    EXPECT_FALSE(is_right({{"listeners", "PLAINTEXT://a:1,PLAINTEXT://b:2"}}));
    EXPECT_FALSE(is_right({{"advertised.listeners", ""}}));
}

TEST(Checks, WhatIsRightButNotBuiltIsARefusal) {
    const ConfigReading reading = read_config({{"listeners", "PLAINTEXT://a:1,SSL://b:2"}});
    EXPECT_FALSE(reading.problems.empty());
    EXPECT_EQ(reading.problems.size(), reading.refusals);
}

}  // namespace
}  // namespace millrace
