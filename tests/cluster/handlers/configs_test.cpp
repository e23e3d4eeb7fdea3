// Configurations as clients see and change them. The proof `configs` compares what is told with a
// Java broker.
#include "core/config/broker_keys.hpp"
#include "protocol/error_code.hpp"
#include "tests/support/broker_test.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kBroker = 4;
constexpr std::int8_t kLogger = 8;

enum Operation : std::int8_t { kSet, kDelete, kAppend, kSubtract };

using Described = DescribeConfigsResponse::Result;
using Entry = DescribeConfigsResponse::ResourceResult;

class ConfigsTest : public BrokerTest {
protected:
    /// All keys, or the one that is named. Takes views: GCC 12 destroys a string that is made for
    /// an awaited call twice.
    static Task<Described> describe(Client& client, std::int8_t type, std::string_view name,
                                    std::string_view key = {}) {
        DescribeConfigsRequest request;
        request.include_synonyms = true;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = type;
        resource.resource_name = name;
        if (!key.empty()) resource.configuration_keys->emplace_back(key);
        const auto response = co_await client.ask<DescribeConfigsResponse>(request, 4);
        EXPECT_EQ(response->results.size(), 1u);
        co_return response->results[0];
    }

    /// One key's entry; an empty one when it isn't told.
    static Task<Entry> entry(Client& client, std::int8_t type, std::string_view name,
                             std::string_view key) {
        const Described described = co_await describe(client, type, name, key);
        if (described.configs.size() != 1) co_return Entry();
        co_return described.configs[0];
    }

    static IncrementalAlterConfigsRequest change(std::int8_t type, std::string name,
                                                 std::string key, std::int8_t operation,
                                                 std::optional<std::string> value) {
        IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = type;
        resource.resource_name = std::move(name);
        resource.configs.push_back({std::move(key), operation, std::move(value)});
        return request;
    }

    /// The first resource's answer is "CODE text".
    static Task<> expect_answer(Client& client, const IncrementalAlterConfigsRequest& request,
                                std::string_view answer) {
        const auto response = co_await client.ask<IncrementalAlterConfigsResponse>(request, 1);
        const auto& first = response->responses.at(0);
        EXPECT_EQ(std::to_string(first.error_code) + " " + first.error_message.value_or("-"),
                  answer);
    }

    static Task<> create(Client& client, std::string_view name) {
        const MetadataRequest request = metadata_of(std::string(name));
        (void)co_await client.ask<MetadataResponse>(request, 9);
    }
};

TEST_P(ConfigsTest, ATopicHasAllKeysByDefault) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto described = co_await describe(client, kTopic, "t");
        EXPECT_EQ(described.error_code, 0);
        EXPECT_EQ(described.configs.size(), 36u);
        const auto retention = co_await entry(client, kTopic, "t", "retention.ms");
        EXPECT_EQ(retention.value, "604800000");
        EXPECT_EQ(retention.config_source, 5);
        EXPECT_EQ(retention.config_type, 5);
        EXPECT_FALSE(retention.read_only);
        EXPECT_TRUE(retention.synonyms.empty());
        const auto segment = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(segment.synonyms.size(), 1u);
        EXPECT_EQ(segment.synonyms.at(0).name, "log.segment.bytes");
        EXPECT_EQ(segment.synonyms.at(0).source, 5);
    });
}

TEST_P(ConfigsTest, ATopicsOwnKeyIsToldFirst) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto set = change(kTopic, "t", "segment.bytes", kSet, " +5000 ");
        co_await expect_answer(client, set, "0 -");
        const auto own = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(own.value, "5000");
        EXPECT_EQ(own.config_source, 1);
        EXPECT_EQ(own.synonyms.size(), 2u);
        EXPECT_EQ(own.synonyms.at(0).name, "segment.bytes");
        const auto gone = change(kTopic, "t", "segment.bytes", kDelete, std::nullopt);
        co_await expect_answer(client, gone, "0 -");
        const auto back = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(back.value, "1073741824");
        EXPECT_EQ(back.config_source, 5);
    });
}

TEST_P(ConfigsTest, ListsGrowAndShrinkByElements) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto append = change(kTopic, "t", "cleanup.policy", kAppend, "compact,delete");
        co_await expect_answer(client, append, "0 -");
        const auto both = co_await entry(client, kTopic, "t", "cleanup.policy");
        EXPECT_EQ(both.value, "delete,compact");
        const auto subtract = change(kTopic, "t", "cleanup.policy", kSubtract, "delete");
        co_await expect_answer(client, subtract, "0 -");
        const auto left = co_await entry(client, kTopic, "t", "cleanup.policy");
        EXPECT_EQ(left.value, "compact");
        const auto number = change(kTopic, "t", "retention.ms", kAppend, "1");
        co_await expect_answer(
            client, number, "40 Config value append is not allowed for config key: retention.ms");
    });
}

TEST_P(ConfigsTest, WhatIsWrongWithATopicsKeysIsSaidAsKafkaSaysIt) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto unknown = change(kTopic, "t", "retention.days", kSet, "1");
        co_await expect_answer(client, unknown, "40 Unknown topic config name: retention.days");
        const auto wrong = change(kTopic, "t", "retention.ms", kSet, "x");
        co_await expect_answer(
            client, wrong,
            "40 Invalid config value for resource ConfigResource(type=TOPIC, name='t'): "
            "Invalid value x for configuration retention.ms: Not a number of type LONG");
        const auto nothing = change(kTopic, "t", "retention.ms", kSet, std::nullopt);
        co_await expect_answer(client, nothing, "42 Null value not supported for : retention.ms");
        const auto absent = change(kTopic, "nope", "retention.ms", kSet, "1");
        co_await expect_answer(client, absent, "3 The topic 'nope' does not exist.");
        const auto unnamed = change(kTopic, "", "retention.ms", kSet, "1");
        co_await expect_answer(client, unnamed, "42 Default topic resources are not allowed.");
        const auto other = change(7, "t", "retention.ms", kSet, "1");
        co_await expect_answer(client, other, "42 Unknown resource type 7");
    });
}

TEST_P(ConfigsTest, NothingIsNamedTwice) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        auto keys = change(kTopic, "t", "retention.ms", kSet, "1");
        keys.resources[0].configs.push_back({"retention.ms", kSet, "2"});
        co_await expect_answer(client, keys, "42 Error due to duplicate config keys");
        auto resources = change(kTopic, "t", "retention.ms", kSet, "1");
        const auto same = resources.resources[0];
        resources.resources.push_back(same);
        co_await expect_answer(client, resources, "42 Each resource must appear at most once.");
    });
}

TEST_P(ConfigsTest, ATrialChangesNothing) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        auto trial = change(kTopic, "t", "retention.ms", kSet, "1");
        trial.validate_only = true;
        co_await expect_answer(client, trial, "0 -");
        const auto kept = co_await entry(client, kTopic, "t", "retention.ms");
        EXPECT_EQ(kept.config_source, 5);
    });
}

TEST_P(ConfigsTest, TheOlderWayReplacesAll) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto set = change(kTopic, "t", "segment.bytes", kSet, "5000");
        co_await expect_answer(client, set, "0 -");
        AlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = kTopic;
        resource.resource_name = "t";
        resource.configs.push_back({"retention.ms", "77"});
        const auto response = co_await client.ask<AlterConfigsResponse>(request, 2);
        EXPECT_EQ(response->responses.at(0).error_code, 0);
        const auto segment = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(segment.config_source, 5);
        const auto retention = co_await entry(client, kTopic, "t", "retention.ms");
        EXPECT_EQ(retention.value, "77");
    });
}

TEST_P(ConfigsTest, TheBrokerTellsWhatItWasGiven) {
    with_client([](Client& client) -> Task<> {
        const auto described = co_await describe(client, kBroker, "0");
        EXPECT_EQ(described.error_code, 0);
        EXPECT_GT(described.configs.size(), 300u);
        const auto partitions = co_await entry(client, kBroker, "0", "num.partitions");
        EXPECT_EQ(partitions.value, "2");
        EXPECT_EQ(partitions.config_source, 4);
        EXPECT_TRUE(partitions.read_only);
        EXPECT_EQ(partitions.synonyms.size(), 2u);
        const auto secret = co_await entry(client, kBroker, "0", "ssl.keystore.password");
        EXPECT_TRUE(secret.is_sensitive);
        EXPECT_EQ(secret.value, std::nullopt);
        const auto internal = co_await entry(client, kBroker, "0", "log.initial.task.delay.ms");
        EXPECT_TRUE(internal.name.empty());
        const auto other = co_await describe(client, kBroker, "9");
        EXPECT_EQ(other.error_code, raw(ErrorCode::kInvalidRequest));
        EXPECT_EQ(other.error_message,
                  "Unexpected broker id, expected 0 or empty string, but received 9");
    });
}

TEST_P(ConfigsTest, ABrokersKeyReachesTopicsAtOnce) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto all = change(kBroker, "", "log.segment.bytes", kSet, "7000");
        co_await expect_answer(client, all, "0 -");
        auto seen = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(seen.value, "7000");
        EXPECT_EQ(seen.config_source, 3);
        const auto own = change(kBroker, "0", "log.segment.bytes", kSet, "8000");
        co_await expect_answer(client, own, "0 -");
        seen = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(seen.value, "8000");
        EXPECT_EQ(seen.config_source, 2);
        const auto cluster = co_await describe(client, kBroker, "");
        EXPECT_EQ(cluster.configs.size(), 1u);
        EXPECT_EQ(cluster.configs.at(0).value, "7000");
        EXPECT_EQ(cluster.configs.at(0).config_source, 3);
    });
}

TEST_P(ConfigsTest, WhatCannotChangeAtRunTimeIsRefused) {
    with_client([](Client& client) -> Task<> {
        const auto fixed = change(kBroker, "0", "num.partitions", kSet, "3");
        co_await expect_answer(client, fixed,
                               "42 Cannot update these configs dynamically: Set(num.partitions)");
        const auto threads = change(kBroker, "0", "num.io.threads", kSet, "17");
        co_await expect_answer(
            client, threads,
            "42 Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count "
            "update validation failed for num.io.threads=17, value should not be greater than "
            "double the current value 8 for configuration Invalid dynamic configuration");
        const auto wrong = change(kBroker, "0", "log.segment.bytes", kSet, "13");
        co_await expect_answer(
            client, wrong,
            "42 Invalid value 13 for configuration log.segment.bytes: Value must be at least "
            "14");
        const auto everywhere = change(kBroker, "", "listeners", kSet, "PLAINTEXT://:1");
        co_await expect_answer(
            client, everywhere,
            "42 Cannot update these configs at default cluster level, broker id must be "
            "specified: Set(listeners)");
        const auto other = change(kBroker, "9", "log.segment.bytes", kSet, "14");
        co_await expect_answer(client, other,
                               "42 Unexpected broker id, expected 0, but received 9");
        const auto level = change(kLogger, "0", "root", kSet, "DEBUG");
        co_await expect_answer(client, level, "40 The log levels of this broker can't be changed");
    });
}

TEST_P(ConfigsTest, ChangesOutliveTheBroker) {
    with_client([](Client& client) -> Task<> {
        co_await create(client, "t");
        const auto all = change(kBroker, "", "log.segment.bytes", kSet, "7000");
        co_await expect_answer(client, all, "0 -");
        const auto own = change(kTopic, "t", "retention.ms", kSet, "9");
        co_await expect_answer(client, own, "0 -");
    });
    with_client([](Client& client) -> Task<> {
        const auto segment = co_await entry(client, kTopic, "t", "segment.bytes");
        EXPECT_EQ(segment.value, "7000");
        const auto retention = co_await entry(client, kTopic, "t", "retention.ms");
        EXPECT_EQ(retention.value, "9");
    });
}

TEST_P(ConfigsTest, AnUnknownKindSpoilsADescription) {
    with_client([](Client& client) -> Task<> {
        const auto described = co_await describe(client, 3, "t");
        EXPECT_EQ(described.error_code, raw(ErrorCode::kInvalidRequest));
        const auto absent = co_await describe(client, kTopic, "nope");
        EXPECT_EQ(absent.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        const auto invalid = co_await describe(client, kTopic, "a b");
        EXPECT_EQ(invalid.error_code, raw(ErrorCode::kInvalidTopicException));
        const auto metrics = co_await describe(client, 16, "some");
        EXPECT_EQ(metrics.error_code, raw(ErrorCode::kInvalidRequest));
        const auto logger = co_await describe(client, kLogger, "0");
        EXPECT_EQ(logger.configs.size(), 1u);
        EXPECT_EQ(logger.configs.at(0).config_source, 6);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, ConfigsTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
