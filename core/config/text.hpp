// What the values of a configuration have in common: blanks around them, and commas between parts.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace millrace {

/// Without what Java takes for blank at either end: the space and all control characters below it.
inline std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// The parts between commas without the blanks around them; empty parts are left out.
inline std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view part = trimmed(text.substr(0, comma));
        if (!part.empty()) parts.push_back(part);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return parts;
}

/// REQUIRES: `lower` has no capitals.
inline bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    const auto same = [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    };
    return std::ranges::equal(text, lower, same);
}

}  // namespace millrace
