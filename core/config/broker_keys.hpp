// Every key that a broker of Kafka 3.9 knows, and ours: type, default, range, and what setting it
// does here. One table, so that a key is either honoured, refused with a remedy, or said to do
// nothing; it is never taken silently for something that it is not.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace millrace {

enum class KeyType {
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

enum class KeyEffect {
    kEffective,
    kRefused,   // a value other than empty and default stops the start; `remedy` says what to do
    kHarmless,  // nothing here depends on it, and nobody misses it
    kNoEffect,  // somebody may expect something of it, so a value other than the default is named
};

/// A default of "null" in Kafka's terms: told apart from the empty text by its address.
inline constexpr std::string_view kNoDefault{};

struct KeyDescriptor {
    std::string_view name;
    KeyType type;
    std::string_view default_value;
    std::int64_t least;
    std::int64_t most;
    std::string_view allowed;  // comma separated texts; empty for any
    KeyEffect effect;
    std::string_view remedy;

    bool has_default() const noexcept { return default_value.data() != nullptr; }
};

/// Sorted by name.
std::span<const KeyDescriptor> broker_keys() noexcept;

/// Null when no such key exists.
const KeyDescriptor* find_broker_key(std::string_view name) noexcept;

/// The known key that `name` is probably a slip of; empty when none is near.
std::string_view nearest_broker_key(std::string_view name) noexcept;

}  // namespace millrace
