// What a key of a configuration may be, and the judgement of a value for it: Kafka's, to the letter
// of its messages, because clients show them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    /// What is wrong with a value of the right type; nothing when it is fine.
    using Rule = std::optional<std::string> (*)(const KeyDescription& key,
                                                std::string_view trimmed);

    std::string_view name;
    KeyType type;
    std::string_view default_value;  // no data() when Kafka's default is null
    KeyEffect effect;
    std::int64_t min = std::numeric_limits<std::int64_t>::min();
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::string_view allowed = {};  // the words of a string or list, with ", " between them
    std::string_view remedy = {};   // of a refused key
    Rule rule = nullptr;            // of a key whose values have a form of their own

    bool has_default() const { return default_value.data() != nullptr; }
};

/// What Kafka says of a value that it refuses, "Invalid value x for configuration y: ..."; nothing
/// when it takes it.
std::optional<std::string> value_problem(const KeyDescription& key, std::string_view value);

/// As Kafka writes a value that it has read: 7 for +7, a.b for " a , b ".
/// REQUIRES: value_problem() finds nothing.
std::string canonical_value(KeyType type, std::string_view value);

/// Java's numbers: a sign of either kind, and blanks around them. Nothing when Int can't hold it.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_double(std::string_view text);

/// The elements of a list, the empty ones too; none of an empty text.
std::vector<std::string_view> list_elements(std::string_view text);

}  // namespace millrace
