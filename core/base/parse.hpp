// Numbers out of text, whole or not at all.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace millrace {

/// The decimal number that `text` is, with nothing before or behind it, if Int can hold it.
template <class Int>
std::optional<Int> parse_number(std::string_view text) {
    Int value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace millrace
