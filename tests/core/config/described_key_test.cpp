#include "core/config/described_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

using enum ConfigSource;

DescribedKey find(const std::vector<DescribedKey>& keys, std::string_view name) {
    const auto found = std::ranges::find(keys, name, &DescribedKey::name);
    return found == keys.end() ? DescribedKey() : *found;
}

/// "name=value@source" of each, with blanks between them.
std::string synonyms(const DescribedKey& key) {
    std::string text;
    for (const KeySynonym& each : key.synonyms) {
        if (!text.empty()) text += ' ';
        text += each.name + "=" + each.value.value_or("null") + "@" +
                std::to_string(static_cast<int>(each.source));
    }
    return text;
}

const BrokerSettings kBroker{{{"log.retention.hours", "2"},
                              {"log.segment.bytes", "+5000"},
                              {"host.name", "old"},
                              {"node.id", "3"},
                              {"ssl.key.password", "secret"}},
                             {{"log.segment.bytes", "6000"}},
                             {{"log.segment.bytes", "7000"}, {"log.roll.ms", "9"}}};

TEST(DescribedKey, OfATopic) {
    const auto keys = describe_topic(kBroker, {{"flush.ms", " 8 "}});
    EXPECT_EQ(keys.size(), 36u);
    EXPECT_EQ(synonyms(find(keys, "segment.bytes")),
              "log.segment.bytes=7000@2 log.segment.bytes=6000@3 log.segment.bytes=+5000@4 "
              "log.segment.bytes=1073741824@5");
    EXPECT_EQ(find(keys, "segment.bytes").value, "7000");
    EXPECT_EQ(find(keys, "segment.bytes").source, kDynamicBroker);
    // What stands in another unit gives the value, and is no synonym.
    EXPECT_EQ(find(keys, "retention.ms").value, "7200000");
    EXPECT_EQ(find(keys, "retention.ms").source, kDefault);
    EXPECT_EQ(synonyms(find(keys, "segment.ms")), "log.roll.ms=9@2 log.roll.hours=168@5");
    EXPECT_EQ(find(keys, "flush.ms").source, kTopic);
    EXPECT_EQ(find(keys, "flush.ms").value, "8");
    EXPECT_EQ(find(keys, "remote.storage.enable").source, kDefault);
    EXPECT_EQ(find(keys, "message.format.version").value, "3.0-IV1");
}

TEST(DescribedKey, OfABroker) {
    const auto keys = describe_broker(kBroker);
    EXPECT_EQ(find(keys, "log.segment.bytes").value, "7000");
    EXPECT_FALSE(find(keys, "log.segment.bytes").read_only);
    EXPECT_EQ(synonyms(find(keys, "log.retention.hours")),
              "log.retention.hours=2@4 log.retention.hours=168@5");
    EXPECT_EQ(find(keys, "log.retention.ms").value, std::nullopt);
    EXPECT_EQ(find(keys, "log.retention.ms").source, kDefault);
    EXPECT_EQ(find(keys, "broker.id").value, "3");
    EXPECT_TRUE(find(keys, "broker.id").read_only);
    EXPECT_EQ(find(keys, "log.cleaner.io.max.bytes.per.second").value, "1.7976931348623157E308");
    EXPECT_EQ(find(keys, "log.initial.task.delay.ms").name, "");
    EXPECT_EQ(find(keys, "super.users").name, "");
    EXPECT_EQ(find(keys, "log.retention.minutes").type, KeyType::kInt);
    EXPECT_EQ(find(keys, "log.roll.jitter.hours").value, "0");
}

TEST(DescribedKey, SecretsAndStrangersHaveNoValue) {
    const auto keys = describe_broker(kBroker);
    for (const char* const name : {"ssl.key.password", "host.name"}) {
        EXPECT_TRUE(find(keys, name).sensitive);
        EXPECT_EQ(find(keys, name).value, std::nullopt);
        EXPECT_EQ(synonyms(find(keys, name)), std::string(name) + "=null@4");
    }
    EXPECT_EQ(find(keys, "host.name").type, std::nullopt);
    EXPECT_EQ(find(keys, "ssl.key.password").type, KeyType::kPassword);
}

TEST(DescribedKey, OfAllBrokers) {
    const auto keys = describe_cluster(kBroker);
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_EQ(keys[0].value, "6000");
    EXPECT_EQ(keys[0].source, kDynamicDefaultBroker);
    EXPECT_EQ(synonyms(keys[0]), "log.segment.bytes=6000@3");
}

TEST(DescribedKey, BoundsStandInForEachOther) {
    const BrokerSettings broker{{{"log.message.timestamp.difference.max.ms", "5"}}, {}, {}};
    const auto keys = describe_topic(broker, {});
    EXPECT_EQ(find(keys, "message.timestamp.before.max.ms").value, "5");
    EXPECT_EQ(find(keys, "message.timestamp.after.max.ms").value, "5");
}

TEST(DescribedKey, OldBrokersNameTheFormatOfTheirRecords) {
    const BrokerSettings broker{
        {{"log.message.format.version", "0.10.2"}, {"inter.broker.protocol.version", "2.8"}},
        {},
        {}};
    EXPECT_EQ(find(describe_topic(broker, {}), "message.format.version").value, "0.10.2-IV0");
}

}  // namespace
}  // namespace millrace
