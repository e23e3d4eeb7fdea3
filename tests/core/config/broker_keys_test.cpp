#include "core/config/broker_keys.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace {
namespace {

TEST(BrokerKeys, HoldAllOfKafkasAndOurs) {
    // 329 of Kafka 3.9, two of its authorizer, one that all its programs share, eight of our own.
    EXPECT_EQ(broker_keys().size(), 340u);
    for (const KeyDescription& key : broker_keys()) EXPECT_EQ(find_broker_key(key.name), &key);
    EXPECT_EQ(find_broker_key("no.such.key"), nullptr);
    EXPECT_EQ(find_broker_key("zzz"), nullptr);
}

TEST(BrokerKeys, TellNoDefaultFromAnEmptyOne) {
    EXPECT_EQ(find_broker_key("log.dirs")->default_value.data(), nullptr);
    EXPECT_NE(find_broker_key("authorizer.class.name")->default_value.data(), nullptr);
    EXPECT_EQ(find_broker_key("log.segment.bytes")->default_value, "1073741824");
}

TEST(BrokerKeys, EveryRefusalSaysWhatToDo) {
    for (const KeyDescription& key : broker_keys()) {
        EXPECT_EQ(key.effect == KeyEffect::kRefused, !key.remedy.empty()) << key.name;
    }
}

TEST(BrokerKeys, GuessSlipsOnly) {
    EXPECT_EQ(nearest_broker_key("log.segment.byte"), "log.segment.bytes");
    EXPECT_EQ(nearest_broker_key("num.partition"), "num.partitions");
    EXPECT_EQ(nearest_broker_key("brokr.id"), "broker.id");
    EXPECT_EQ(nearest_broker_key("completely.different"), "");
    EXPECT_EQ(nearest_broker_key("xyz"), "");
    EXPECT_EQ(nearest_broker_key(std::string(10'000, 'a')), "");
}

}  // namespace
}  // namespace millrace
