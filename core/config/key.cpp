#include "core/config/key.hpp"

#include "core/base/parse.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace millrace {
namespace {

std::string refusal(const KeyDescription& key, std::string_view value, std::string_view why) {
    return fmt::format("Invalid value {} for configuration {}: {}", value, key.name, why);
}

std::string_view type_name(KeyType type) {
    switch (type) {
        case KeyType::kShort: return "SHORT";
        case KeyType::kInt: return "INT";
        case KeyType::kLong: return "LONG";
        default: return "DOUBLE";
    }
}

template <class Int>
bool holds(std::int64_t value) {
    return value >= std::numeric_limits<Int>::min() && value <= std::numeric_limits<Int>::max();
}

bool fits(KeyType type, std::int64_t value) {
    if (type == KeyType::kShort) return holds<std::int16_t>(value);
    if (type == KeyType::kInt) return holds<std::int32_t>(value);
    return true;
}

/// A value for messages and answers: Java's decimal notation between a thousandth and ten million,
/// its scientific one beyond.
std::string java_double(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    const double size = std::abs(value);
    if (size == 0 || (size >= 1e-3 && size < 1e7)) {
        std::string text = fmt::format("{}", value);
        if (text.find_first_of(".e") == std::string::npos) text += ".0";
        return text;
    }
    // The shortest digits that come back as the value.
    for (int digits = 1; digits <= 17; ++digits) {
        const std::string text = fmt::format("{:.{}e}", value, digits);
        if (parse_double(text) != value) continue;
        const std::size_t mark = text.find('e');
        const auto exponent = parse_integer(std::string_view(text).substr(mark + 1));
        return fmt::format("{}E{}", text.substr(0, mark), exponent.value_or(0));
    }
    return fmt::format("{}", value);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Number>
std::optional<std::string> range_problem(const KeyDescription& key, Number number,
                                         std::string_view shown) {
    using Long = std::numeric_limits<std::int64_t>;
    if (key.min != Long::min() && number < static_cast<Number>(key.min)) {
        return refusal(key, shown, fmt::format("Value must be at least {}", key.min));
    }
    if (key.max != Long::max() && number > static_cast<Number>(key.max)) {
        return refusal(key, shown, fmt::format("Value must be no more than {}", key.max));
    }
    return std::nullopt;
}

std::optional<std::string> number_problem(const KeyDescription& key, std::string_view value) {
    const std::string not_a_number = fmt::format("Not a number of type {}", type_name(key.type));
    if (key.type == KeyType::kDouble) {
        const auto number = parse_double(value);
        if (!number) return refusal(key, value, not_a_number);
        return range_problem(key, *number, java_double(*number));
    }
    const auto number = parse_integer(value);
    if (!number || !fits(key.type, *number)) return refusal(key, value, not_a_number);
    return range_problem(key, *number, fmt::format("{}", *number));
}

std::optional<std::string> word_problem(const KeyDescription& key, std::string_view word) {
    if (key.allowed.empty()) return std::nullopt;
    const auto words = split_list(key.allowed);
    if (std::ranges::find(words, word) != words.end()) return std::nullopt;
    return refusal(key, word, fmt::format("String must be one of: {}", key.allowed));
}

std::optional<std::string> list_problem(const KeyDescription& key, std::string_view value) {
    for (const std::string_view each : list_elements(value)) {
        if (auto problem = word_problem(key, each)) return problem;
    }
    return std::nullopt;
}

std::optional<std::string> type_problem(const KeyDescription& key, std::string_view value) {
    switch (key.type) {
        case KeyType::kBoolean:
            if (equals_ignoring_case(trimmed(value), "true")) return std::nullopt;
            if (equals_ignoring_case(trimmed(value), "false")) return std::nullopt;
            return refusal(key, value, "Expected value to be either true or false");
        case KeyType::kShort:
        case KeyType::kInt:
        case KeyType::kLong:
        case KeyType::kDouble: return number_problem(key, value);
        case KeyType::kString: return word_problem(key, trimmed(value));
        case KeyType::kList: return list_problem(key, value);
        case KeyType::kPassword: return std::nullopt;
        case KeyType::kClass:
            // Whether there is a class of any other name can't be known here.
            if (!trimmed(value).empty()) return std::nullopt;
            return refusal(key, value, fmt::format("Class {} could not be found.", value));
    }
    return std::nullopt;
}

/// Java's list in a message.
std::string shown_value(const KeyDescription& key, std::string_view value) {
    if (key.type != KeyType::kList) return canonical_value(key.type, value);
    return fmt::format("[{}]", fmt::join(list_elements(value), ", "));
}

/// A decimal literal, without sign: digits with a point among them, and an exponent.
bool is_decimal(std::string_view text) {
    std::size_t digits = 0;
    std::size_t at = 0;
    const auto take_digits = [&] {
        while (at < text.size() && is_digit(text[at])) {
            ++at;
            ++digits;
        }
    };
    take_digits();
    if (at < text.size() && text[at] == '.') {
        ++at;
        take_digits();
    }
    if (digits == 0) return false;
    if (at == text.size()) return true;
    if (text[at] != 'e' && text[at] != 'E') return false;
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t before = digits;
    take_digits();
    return at == text.size() && digits > before;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
    text = trimmed(text);
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    return parse_number<std::int64_t>(text);
}

std::optional<double> parse_double(std::string_view text) {
    text = trimmed(text);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const double sign = negative ? -1 : 1;
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return sign * std::numeric_limits<double>::infinity();
    if (!text.empty() && std::string_view("fFdD").find(text.back()) != std::string_view::npos) {
        text.remove_suffix(1);
    }
    if (!is_decimal(text)) return std::nullopt;
    double value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        const bool tiny = text.find("e-") != std::string_view::npos ||
                          text.find("E-") != std::string_view::npos || text.starts_with("0.") ||
                          text.starts_with('.');
        return tiny ? 0.0 : sign * std::numeric_limits<double>::infinity();
    }
    return sign * value;
}

std::vector<std::string_view> list_elements(std::string_view text) {
    std::vector<std::string_view> elements;
    text = trimmed(text);
    if (text.empty()) return elements;
    for (;;) {
        const std::size_t comma = text.find(',');
        elements.push_back(trimmed(text.substr(0, comma)));
        if (comma == std::string_view::npos) return elements;
        text.remove_prefix(comma + 1);
    }
}

std::optional<std::string> value_problem(const KeyDescription& key, std::string_view value) {
    if (auto problem = type_problem(key, value)) return problem;
    if (key.rule == nullptr) return std::nullopt;
    const auto why = key.rule(key, trimmed(value));
    if (!why) return std::nullopt;
    return refusal(key, shown_value(key, value), *why);
}

std::string canonical_value(KeyType type, std::string_view value) {
    switch (type) {
        case KeyType::kBoolean:
            return equals_ignoring_case(trimmed(value), "true") ? "true" : "false";
        case KeyType::kShort:
        case KeyType::kInt:
        case KeyType::kLong: return fmt::format("{}", parse_integer(value).value_or(0));
        case KeyType::kDouble: return java_double(parse_double(value).value_or(0));
        case KeyType::kList: return fmt::format("{}", fmt::join(list_elements(value), ","));
        case KeyType::kString:
        case KeyType::kPassword:
        case KeyType::kClass: break;
    }
    return std::string(trimmed(value));
}

}  // namespace millrace
