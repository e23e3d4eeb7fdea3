#include "core/config/values.hpp"

#include "core/config/broker_keys.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::string_view kHidden = "[hidden]";

/// The key's own range within what its type can hold.
std::string number_range(const KeyDescription& key) {
    using Int = std::numeric_limits<std::int32_t>;
    using Short = std::numeric_limits<std::int16_t>;
    std::int64_t min = key.min;
    std::int64_t max = key.max;
    if (key.type == KeyType::kInt || key.type == KeyType::kShort) {
        const bool is_int = key.type == KeyType::kInt;
        min = std::max<std::int64_t>(min, is_int ? Int::min() : Short::min());
        max = std::min<std::int64_t>(max, is_int ? Int::max() : Short::max());
    }
    return fmt::format("a number from {} to {}", min, max);
}

/// What would be right, when `value` is not; nothing when it is.
std::optional<std::string> complaint(const KeyDescription& key, std::string_view value) {
    const auto problem = value_problem(key, value);
    if (!problem) return std::nullopt;
    if (key.type == KeyType::kBoolean) return "true or false";
    if (key.rule != nullptr) return *problem;
    if (!key.allowed.empty()) return std::string(key.allowed);
    if (key.type == KeyType::kDouble) return *problem;
    return number_range(key);
}

}  // namespace

std::string_view Values::text(std::string_view name) const {
    const auto found = properties_.find(name);
    if (found != properties_.end()) return trimmed(found->second);
    return find_broker_key(name)->default_value;
}

bool Values::flag(std::string_view name) const { return equals_ignoring_case(text(name), "true"); }

std::size_t Values::choice(std::string_view name) const {
    const auto words = split_list(find_broker_key(name)->allowed);
    return static_cast<std::size_t>(std::find(words.begin(), words.end(), text(name)) -
                                    words.begin());
}

std::vector<Endpoint> Values::endpoints(std::string_view name) {
    std::vector<Endpoint> parsed;
    for (const std::string_view each : split_list(text(name))) {
        if (auto endpoint = parse_endpoint(each)) {
            parsed.push_back(std::move(*endpoint));
        } else {
            problem(name, each, "NAME://host:port");
        }
    }
    return parsed;
}

void Values::problem(std::string_view name, std::string_view value, std::string_view allowed) {
    reading_.problems.push_back(fmt::format("{}={}: {}", name, value, allowed));
}

void Values::refuse(std::string_view name, std::string_view value, std::string_view remedy) {
    problem(name, value, remedy);
    ++reading_.refusals;
}

void Values::check_all() {
    for (const auto& [name, value] : properties_) {
        if (const KeyDescription* const key = find_broker_key(name)) {
            check(*key, trimmed(value));
        } else {
            note_unknown(name);
        }
    }
}

void Values::check(const KeyDescription& key, std::string_view value) {
    const std::string_view shown = key.type == KeyType::kPassword ? kHidden : value;
    if (const auto allowed = complaint(key, value)) {
        problem(key.name, shown, *allowed);
    } else if (key.effect == KeyEffect::kEffective || value.empty() ||
               canonical_value(key.type, value) == key.default_value) {
        return;
    } else if (key.effect == KeyEffect::kRefused) {
        refuse(key.name, shown, key.remedy);
    } else if (key.effect == KeyEffect::kUnmet) {
        reading_.warnings.push_back(fmt::format("{} has no effect here", key.name));
    } else {
        note_harmless(key.name);
    }
}

void Values::note_unknown(std::string_view name) {
    // Keys of one listener carry its name; they tune TLS and SASL.
    if (name.starts_with("listener.name.")) return note_harmless(name);
    std::string warning = fmt::format("{} has no effect here", name);
    const std::string_view near = nearest_broker_key(name);
    if (!near.empty()) warning += fmt::format("; did you mean {}?", near);
    reading_.warnings.push_back(std::move(warning));
}

void Values::note_harmless(std::string_view name) {
    if (!reading_.harmless.empty()) reading_.harmless += ", ";
    reading_.harmless += name;
}

}  // namespace millrace
