#include "core/config/dynamic_keys.hpp"

#include "core/config/broker_keys.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using enum KeyUpdate;
using Names = std::vector<std::string_view>;

TEST(DynamicKeys, AreThoseOfKafka) {
    std::size_t dynamic = 0;
    for (const KeyDescription& key : broker_keys()) {
        if (update_of(key.name) != kReadOnly) ++dynamic;
    }
    EXPECT_EQ(dynamic, 89u);
    EXPECT_EQ(update_of("log.retention.ms"), kClusterWide);
    EXPECT_EQ(update_of("log.retention.hours"), kReadOnly);
    EXPECT_EQ(update_of("log.message.format.version"), kReadOnly);
    EXPECT_EQ(update_of("listeners"), kPerBroker);
    EXPECT_EQ(update_of("no.such.key"), kReadOnly);
}

TEST(DynamicKeys, ALaterLevelCountsForMore) {
    const BrokerSettings settings{{{"log.roll.ms", "1"}, {"num.io.threads", "4"}, {"a", "1"}},
                                  {{"log.roll.hours", "2"}, {"a", "2"}},
                                  {{"a", "3"}}};
    // The changed hours put the file's milliseconds out of force.
    EXPECT_EQ(settings.effective(),
              (Properties{{"a", "3"}, {"log.roll.hours", "2"}, {"num.io.threads", "4"}}));
}

TEST(DynamicKeys, NamesThatCountTogether) {
    EXPECT_EQ(names_of("num.io.threads"), Names{"num.io.threads"});
    EXPECT_EQ(names_of("log.retention.minutes"),
              (Names{"log.retention.ms", "log.retention.minutes", "log.retention.hours"}));
    EXPECT_EQ(names_of("log.flush.interval.ms"),
              (Names{"log.flush.interval.ms", "log.flush.scheduler.interval.ms"}));
    EXPECT_EQ(names_of("log.flush.scheduler.interval.ms"),
              Names{"log.flush.scheduler.interval.ms"});
    EXPECT_EQ(names_of("listener.name.a.ssl.protocol"),
              (Names{"listener.name.a.ssl.protocol", "ssl.protocol"}));
    EXPECT_EQ(names_of("listener.name.a.plain.sasl.jaas.config"),
              (Names{"listener.name.a.plain.sasl.jaas.config", "sasl.jaas.config"}));
}

TEST(DynamicKeys, ALevelHoldsWhatMayChangeThere) {
    EXPECT_EQ(level_problem({{"log.segment.bytes", "14"}, {"my.key", "x"}}, true), "");
    EXPECT_EQ(level_problem({{"broker.rack", "a"}, {"node.id", "1"}}, true),
              "Cannot update these configs dynamically: Set(broker.rack, node.id)");
    EXPECT_NE(level_problem({{"ssl.keystore.location", "/a"}}, true), "");
    EXPECT_EQ(level_problem({{"listener.name.a.ssl.keystore.location", "/a"}}, true), "");
    EXPECT_NE(level_problem({{"listener.name.a.ssl.keystore.location", "/a"}}, false), "");
    EXPECT_EQ(level_problem({{"listener.name.a.max.connections", "1"}}, false), "");
    EXPECT_NE(level_problem({{"listener.name.a.max.connections", "x"}}, false), "");
    EXPECT_NE(level_problem({{"leader.replication.throttled.rate", "-1"}}, false), "");
    EXPECT_NE(level_problem({{"sasl.enabled.mechanisms", "PLAIN"}}, false), "");
    EXPECT_EQ(level_problem({{"sasl.enabled.mechanisms", "PLAIN"}}, true), "");
}

TEST(DynamicKeys, ThreadsDoubleOrHalve) {
    const BrokerSettings now{{{"num.io.threads", "8"}}, {}, {}};
    const auto to = [&now](std::string threads) {
        BrokerSettings next = now;
        next.own["num.io.threads"] = std::move(threads);
        return change_problem(now, next);
    };
    EXPECT_EQ(to("4"), "");
    EXPECT_EQ(to("16"), "");
    EXPECT_NE(to("3"), "");
    EXPECT_EQ(to("17"),
              "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count "
              "update validation failed for num.io.threads=17, value should not be greater than "
              "double the current value 8 for configuration Invalid dynamic configuration");
}

TEST(DynamicKeys, AChangeFitsTheRest) {
    const BrokerSettings now;
    const auto with = [&now](const Properties& own) {
        BrokerSettings next = now;
        next.own = own;
        return change_problem(now, next);
    };
    EXPECT_EQ(with({{"log.retention.ms", "1000"}}), "");
    EXPECT_NE(with({{"log.retention.ms", "0"}}), "");
    EXPECT_NE(with({{"log.cleaner.threads", "128"}}), "");
    EXPECT_NE(with({{"log.local.retention.ms", "-1"}}), "");
    EXPECT_NE(with({{"log.local.retention.ms", "1001"}, {"log.retention.ms", "1000"}}), "");
    EXPECT_NE(with({{"listeners", "PLAINTEXT://:1"}}), "");
    EXPECT_EQ(with({{"listeners", " PLAINTEXT://:9092 "}}), "");
}

TEST(DynamicKeys, SecretsAreKnownBehindAListener) {
    EXPECT_TRUE(is_password("listener.name.a.ssl.key.password"));
    EXPECT_FALSE(is_password("ssl.keystore.location"));
}

}  // namespace
}  // namespace millrace
