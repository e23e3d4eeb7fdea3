// The table of configuration keys: name, type, default, range, and what this broker does with it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace millrace {

enum class KeyType : std::uint8_t { kBoolean, kInt, kLong, kString, kList };

enum class KeyEffect : std::uint8_t {
    kEffective,  // honoured
    kHarmless,   // accepted, without an effect here; named once at start when it is set
    kRefused,    // a value other than the default stops the start with the remedy
};

struct KeyDescription {
    std::string_view name;
    KeyType type;
    std::string_view default_value;
    std::int64_t min = std::numeric_limits<std::int64_t>::min();
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    KeyEffect effect = KeyEffect::kEffective;
    std::string_view remedy = {};  // of a refused key; allowed values of a string key
};

/// All described keys, in rising order of names.
std::span<const KeyDescription> broker_keys();

/// Null for a key that the table does not describe.
const KeyDescription* find_broker_key(std::string_view name);

/// The described name that is nearest to `name`; empty when none is near.
std::string_view nearest_broker_key(std::string_view name);

}  // namespace millrace
