// What a client is told of a configuration, key by key: the value in force, where it comes from,
// and all that would count in its place.
#pragma once

#include "core/config/dynamic_keys.hpp"
#include "core/config/key.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// With Kafka's numbers.
enum class ConfigSource : std::int8_t {
    kTopic = 1,
    kDynamicBroker = 2,
    kDynamicDefaultBroker = 3,
    kStaticBroker = 4,
    kDefault = 5,
    kBrokerLogger = 6,
};

struct KeySynonym {
    std::string name;
    std::optional<std::string> value;
    ConfigSource source{};
};

struct DescribedKey {
    std::string name;
    std::optional<std::string> value;  // none: null, or secret
    ConfigSource source{};
    std::optional<KeyType> type;  // none for a key that nobody knows
    bool read_only{};
    bool sensitive{};  // a key that nobody knows is taken for a secret too
    std::vector<KeySynonym> synonyms;
};

/// Each in rising order of names. A topic has all topic keys; a broker has all of Kafka's but those
/// that Kafka keeps to itself, ours, and whatever else is set; the cluster has what is set for all
/// brokers.
std::vector<DescribedKey> describe_topic(const BrokerSettings& broker, const Properties& overrides);
std::vector<DescribedKey> describe_broker(const BrokerSettings& broker);
std::vector<DescribedKey> describe_cluster(const BrokerSettings& broker);

}  // namespace millrace
