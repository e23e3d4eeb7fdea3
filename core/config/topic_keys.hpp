// The keys that a topic can have of its own, and what they and the broker's settings come to.
#pragma once

#include "core/config/key.hpp"
#include "core/config/properties.hpp"
#include "core/config/topic_config.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

struct TopicKey {
    KeyDescription key;
    /// The broker's keys that say what a topic without the key has. The first that is set counts,
    /// and the last has a default if any has; unused places are empty.
    std::array<std::string_view, 3> synonyms{};
};

/// In rising order of names.
std::span<const TopicKey> topic_keys();

/// Null for a key that no topic has.
const TopicKey* find_topic_key(std::string_view name);

/// Why a topic can't have these keys.
struct TopicConfigProblem {
    std::string text;  // in Kafka's words; empty when there is none
    /// It is a value that is wrong, not a name or two values together: where Kafka changes
    /// configurations, it says of which resource then.
    bool of_a_value{};
};

/// The outcome of reading a topic's keys: usable when the problem's text is empty.
struct TopicConfigReading {
    TopicConfig config;
    TopicConfigProblem problem;
};

/// The broker's settings with a topic's own keys laid over them, accepted exactly where Kafka
/// accepts them.
TopicConfigReading read_topic_config(const TopicConfig& broker_defaults,
                                     const Properties& overrides);

/// What a topic without keys of its own has, by the broker's keys.
/// REQUIRES: every value in `broker` is one that its key may have.
TopicConfig topic_defaults(const Properties& broker);

/// The synonym that says what a topic without the key has, and its value, in the topic key's unit;
/// both are empty for a key without synonyms.
struct BrokerSetting {
    std::string_view name;
    std::string value;
};
BrokerSetting broker_setting(const TopicKey& key, const Properties& broker);

}  // namespace millrace
