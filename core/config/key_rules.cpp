#include "core/config/key_rules.hpp"

#include "core/base/parse.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As Kafka's releases wrote their records and requests, in order. A release alone stands for its
// last version, those after the current release aside.
constexpr auto kVersions = std::to_array<std::string_view>(
    {"0.8.0",      "0.8.1",      "0.8.2",      "0.9.0",      "0.10.0-IV0", "0.10.0-IV1",
     "0.10.1-IV0", "0.10.1-IV1", "0.10.1-IV2", "0.10.2-IV0", "0.11.0-IV0", "0.11.0-IV1",
     "0.11.0-IV2", "1.0-IV0",    "1.1-IV0",    "2.0-IV0",    "2.0-IV1",    "2.1-IV0",
     "2.1-IV1",    "2.1-IV2",    "2.2-IV0",    "2.2-IV1",    "2.3-IV0",    "2.3-IV1",
     "2.4-IV0",    "2.4-IV1",    "2.5-IV0",    "2.6-IV0",    "2.7-IV0",    "2.7-IV1",
     "2.7-IV2",    "2.8-IV0",    "2.8-IV1",    "3.0-IV0",    "3.0-IV1",    "3.1-IV0",
     "3.2-IV0",    "3.3-IV0",    "3.3-IV1",    "3.3-IV2",    "3.3-IV3",    "3.4-IV0",
     "3.5-IV0",    "3.5-IV1",    "3.5-IV2",    "3.6-IV0",    "3.6-IV1",    "3.6-IV2",
     "3.7-IV0",    "3.7-IV1",    "3.7-IV2",    "3.7-IV3",    "3.7-IV4",    "3.8-IV0",
     "3.9-IV0",    "4.0-IV0",    "4.0-IV1"});
constexpr std::string_view kFutureRelease = "4.0";

bool is_version(std::string_view text) {
    return std::ranges::any_of(kVersions, [text](std::string_view version) {
        const std::string_view release = version.substr(0, version.find('-'));
        return text == version || (text == release && release != kFutureRelease);
    });
}

/// The text up to its `count`th point, if there is more than points behind that.
std::string_view segments(std::string_view text, int count) {
    std::size_t end = 0;
    for (; count > 0; --count) {
        end = text.find('.', end);
        if (end == std::string_view::npos) return text;
        ++end;
    }
    if (text.find_first_not_of('.', end) == std::string_view::npos) return text;
    return text.substr(0, end - 1);
}

/// Only the release counts of a patch's number: 2.8.1 is 2.8.
std::string_view without_patch(std::string_view text) {
    return segments(text, text.starts_with("0.") ? 3 : 2);
}

/// PARTITION:BROKER, or nothing.
bool is_throttled_replica(std::string_view text) {
    if (text.empty()) return true;
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return false;
    return std::ranges::all_of(text.substr(0, colon), is_digit) &&
           std::ranges::all_of(text.substr(colon + 1), is_digit);
}

/// Anything that ends with a port.
bool has_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    return parse_number<std::uint16_t>(text.substr(colon + 1)).has_value();
}

/// ID@HOST:PORT
bool is_voter(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos) {
        return false;
    }
    const auto id = parse_integer(text.substr(0, at));
    return id && text[0] != ' ' && has_port(text.substr(at + 1));
}

}  // namespace

std::optional<std::string> gzip_level_problem(const KeyDescription&, std::string_view value) {
    const std::int64_t level = parse_integer(value).value_or(0);
    if (level == -1 || (level >= 1 && level <= 9)) return std::nullopt;
    return "Value must be between 1 and 9 or equal to -1";
}

std::optional<std::string> version_problem(const KeyDescription&, std::string_view value) {
    if (is_version(without_patch(value))) return std::nullopt;
    return fmt::format("Version {} is not a valid version", value);
}

std::optional<std::string> throttled_replicas_problem(const KeyDescription& key,
                                                      std::string_view value) {
    const auto elements = list_elements(value);
    if (std::ranges::all_of(elements, is_throttled_replica)) return std::nullopt;
    if (fmt::format("{}", fmt::join(elements, "")) == "*") return std::nullopt;
    return fmt::format(
        "{} must be the literal '*' or a list of replicas in the following format: "
        "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
        key.name);
}

std::string version_name(std::string_view text) {
    text = without_patch(text);
    std::string_view name;
    for (const std::string_view version : kVersions) {
        if (version == text || version.substr(0, version.find('-')) == text) name = version;
    }
    return std::string(name);
}

bool is_before_3_0(std::string_view version) {
    return version[0] < '3' || version_name(version) == "3.0-IV0";
}

std::optional<std::string> not_empty_problem(const KeyDescription&, std::string_view value) {
    if (!value.empty()) return std::nullopt;
    return "String must be non-empty";
}

std::optional<std::string> pool_size_problem(const KeyDescription&, std::string_view value) {
    const std::int64_t size = parse_integer(value).value_or(0);
    if (size == -1 || size > 0) return std::nullopt;
    return "Value can be -1 or greater than 0";
}

std::optional<std::string> half_problem(const KeyDescription&, std::string_view value) {
    const double number = parse_double(value).value_or(0);
    if (number < 0) return "Value must be at least 0";
    if (number > 0.5) return "Value must be no more than 0.5";
    return std::nullopt;
}

std::optional<std::string> migration_policy_problem(const KeyDescription&, std::string_view value) {
    for (const std::string_view word : {"disabled", "downgrade", "upgrade", "bidirectional"}) {
        if (equals_ignoring_case(value, word)) return std::nullopt;
    }
    return "String must be one of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL";
}

std::optional<std::string> codec_problem(const KeyDescription&, std::string_view value) {
    const std::int64_t codec = parse_integer(value).value_or(-1);
    if (codec >= 0 && codec <= 4) return std::nullopt;
    return "Value must be between 0 and 4";
}

std::optional<std::string> voters_problem(const KeyDescription&, std::string_view value) {
    if (std::ranges::all_of(list_elements(value), is_voter)) return std::nullopt;
    return "Each entry should be in the form `{id}@{host}:{port}`.";
}

std::optional<std::string> servers_problem(const KeyDescription&, std::string_view value) {
    if (std::ranges::all_of(list_elements(value), has_port)) return std::nullopt;
    return "Each entry should be in the form \"{host}:{port}\"";
}

std::optional<std::string> roles_problem(const KeyDescription&, std::string_view value) {
    const auto roles = list_elements(value);
    for (const std::string_view each : roles) {
        if (std::ranges::count(roles, each) > 1) return "Each role once";
    }
    return std::nullopt;
}

}  // namespace millrace
