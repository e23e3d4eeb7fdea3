// Every key that a broker of Kafka 3.9 knows, and ours: type, default, range, and what setting it
// does here. One table, so that a key is honoured, refused with a remedy, or said to do nothing; it
// is never taken silently for something that it is not.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace millrace {

enum class KeyType : std::uint8_t {
    kBoolean,
    kShort,
    kInt,
    kLong,
    kDouble,
    kString,
    kList,
    kPassword,
    kClass,
};

enum class KeyEffect : std::uint8_t {
    kEffective,  // honoured
    kRefused,    // a value other than empty and the default stops the start with the remedy
    kHarmless,   // nothing here could need it; all that are set are named in one line
    kUnmet,  // asks for what this broker doesn't do; a value other than the default is warned of
};

struct KeyDescription {
    std::string_view name;
    KeyType type;
    std::string_view default_value;  // no data() when Kafka's default is null
    KeyEffect effect;
    std::int64_t min = std::numeric_limits<std::int64_t>::min();
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::string_view allowed = {};  // the words that a string may be, with commas between them
    std::string_view remedy = {};   // of a refused key
};

/// In rising order of names.
std::span<const KeyDescription> broker_keys();

/// Null for a key that the table does not describe.
const KeyDescription* find_broker_key(std::string_view name);

/// The described name that `name` is probably a slip of; empty when none is near.
std::string_view nearest_broker_key(std::string_view name);

}  // namespace millrace
