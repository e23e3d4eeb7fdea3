#include "core/config/config.hpp"

#include "core/base/parse.hpp"
#include "core/config/broker_keys.hpp"
#include "core/config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace millrace {
namespace {

constexpr std::string_view kHidden = "[hidden]";

/// Java's parsers take a plus sign.
std::optional<std::int64_t> parse_integer(std::string_view text) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    return parse_number<std::int64_t>(text);
}

struct Bounds {
    std::int64_t min;
    std::int64_t max;
};

/// The key's own range within what its type can hold.
Bounds bounds_of(const KeyDescription& key) {
    if (key.type != KeyType::kInt) return {key.min, key.max};
    using Int = std::numeric_limits<std::int32_t>;
    return {std::max<std::int64_t>(key.min, Int::min()),
            std::min<std::int64_t>(key.max, Int::max())};
}

/// What would be right, when `value` is not; nothing when it is.
std::optional<std::string> complaint(const KeyDescription& key, std::string_view value) {
    if (key.type == KeyType::kBoolean) {
        if (equals_ignoring_case(value, "true") || equals_ignoring_case(value, "false")) {
            return std::nullopt;
        }
        return "true or false";
    }
    if (key.type == KeyType::kInt || key.type == KeyType::kLong) {
        const Bounds bounds = bounds_of(key);
        const auto number = parse_integer(value);
        if (number && *number >= bounds.min && *number <= bounds.max) return std::nullopt;
        return fmt::format("a number from {} to {}", bounds.min, bounds.max);
    }
    if (key.allowed.empty()) return std::nullopt;
    const auto choices = split_list(key.allowed);
    if (std::ranges::find(choices, value) != choices.end()) return std::nullopt;
    return std::string(key.allowed);
}

/// Reads values by the table of keys and collects what is wrong with them.
class Values {
public:
    Values(const Properties& properties, ConfigReading& reading)
        : properties_(properties), reading_(reading) {}

    bool is_given(std::string_view name) const { return properties_.contains(name); }

    std::string_view text(std::string_view name) const {
        const auto found = properties_.find(name);
        if (found != properties_.end()) return trimmed(found->second);
        return find_broker_key(name)->default_value;
    }

    bool flag(std::string_view name) const { return equals_ignoring_case(text(name), "true"); }

    /// Zero for a value that check_all() has refused.
    template <class Int = std::int64_t>
    Int integer(std::string_view name) const {
        return static_cast<Int>(parse_integer(text(name)).value_or(0));
    }

    /// Which of a key's allowed words it has.
    std::size_t choice(std::string_view name) const {
        const auto words = split_list(find_broker_key(name)->allowed);
        return static_cast<std::size_t>(std::find(words.begin(), words.end(), text(name)) -
                                        words.begin());
    }

    bool is_first_choice(std::string_view name) const { return choice(name) == 0; }

    std::vector<Endpoint> endpoints(std::string_view name) {
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

    void problem(std::string_view name, std::string_view value, std::string_view allowed) {
        reading_.problems.push_back(fmt::format("{}={}: {}", name, value, allowed));
    }

    void check_all() {
        for (const auto& [name, value] : properties_) {
            if (const KeyDescription* const key = find_broker_key(name)) {
                check(*key, trimmed(value));
            } else {
                note_unknown(name);
            }
        }
    }

private:
    void check(const KeyDescription& key, std::string_view value) {
        if (key.effect == KeyEffect::kEffective) {
            if (const auto allowed = complaint(key, value)) problem(key.name, value, *allowed);
        } else if (value.empty() || value == key.default_value) {
            return;
        } else if (key.effect == KeyEffect::kRefused) {
            problem(key.name, key.type == KeyType::kPassword ? kHidden : value, key.remedy);
        } else if (key.effect == KeyEffect::kUnmet) {
            reading_.warnings.push_back(fmt::format("{} has no effect here", key.name));
        } else {
            note_harmless(key.name);
        }
    }

    void note_unknown(std::string_view name) {
        // Keys of one listener carry its name; they tune TLS and SASL.
        if (name.starts_with("listener.name.")) return note_harmless(name);
        std::string warning = fmt::format("{} has no effect here", name);
        const std::string_view near = nearest_broker_key(name);
        if (!near.empty()) warning += fmt::format("; did you mean {}?", near);
        reading_.warnings.push_back(std::move(warning));
    }

    void note_harmless(std::string_view name) {
        if (!reading_.harmless.empty()) reading_.harmless += ", ";
        reading_.harmless += name;
    }

    const Properties& properties_;
    ConfigReading& reading_;
};

void check_protocols(Values& values, const std::vector<Endpoint>& listeners) {
    constexpr std::string_view kKey = "listener.security.protocol.map";
    const auto protocols = parse_protocol_map(values.text(kKey));
    if (!protocols) {
        values.problem(kKey, values.text(kKey), "NAME:PROTOCOL, with commas between several");
        return;
    }
    for (const Endpoint& each : listeners) {
        const auto found = protocols->find(each.listener);
        if (found == protocols->end()) {
            values.problem("listeners", each.to_string(),
                           fmt::format("a name that {} gives a protocol", kKey));
        } else if (found->second != "PLAINTEXT") {
            values.problem("listeners", each.to_string(),
                           "PLAINTEXT://host:port; other protocols are not built yet");
        }
    }
}

void check_advertised(Values& values, const BrokerConfig& config) {
    for (const Endpoint& each : config.advertised) {
        if (each.host == "0.0.0.0" || each.host == "::") {
            values.problem("advertised.listeners", each.to_string(),
                           "an address that clients can reach");
        }
        if (std::ranges::find(config.listeners, each.listener, &Endpoint::listener) ==
            config.listeners.end()) {
            values.problem("advertised.listeners", each.to_string(),
                           "a name that is among the listeners");
        }
    }
}

void read_listeners(Values& values, BrokerConfig& config) {
    config.listeners = values.endpoints("listeners");
    config.advertised = values.endpoints("advertised.listeners");
    if (values.text("advertised.listeners").empty()) config.advertised = config.listeners;
    if (config.listeners.size() != 1) {
        values.problem("listeners", values.text("listeners"), "exactly one listener");
    } else if (config.advertised.size() != 1) {
        values.problem("advertised.listeners", values.text("advertised.listeners"),
                       "as many as listeners");
    }
    check_protocols(values, config.listeners);
    check_advertised(values, config);
}

/// broker.id, or node.id, its newer name; -1 leaves the choice to the broker.
std::int32_t read_broker_id(Values& values) {
    const bool both = values.is_given("broker.id") && values.is_given("node.id");
    if (both && values.integer("broker.id") != values.integer("node.id")) {
        values.problem("node.id", values.text("node.id"), "the same number as broker.id");
    }
    const std::string_view key = values.is_given("node.id") ? "node.id" : "broker.id";
    return std::max(values.integer<std::int32_t>(key), 0);
}

std::vector<std::string> read_log_dirs(Values& values) {
    const std::string_view key = values.text("log.dirs").empty() ? "log.dir" : "log.dirs";
    std::vector<std::string> dirs;
    for (const std::string_view dir : split_list(values.text(key))) {
        if (std::ranges::find(dirs, dir) != dirs.end()) {
            values.problem(key, dir, "each folder once");
        }
        dirs.emplace_back(dir);
    }
    if (dirs.empty()) values.problem(key, values.text(key), "at least one folder");
    return dirs;
}

void read_log(Values& values, BrokerConfig& config) {
    config.segment_bytes = values.integer("log.segment.bytes");
    config.segment_ms = values.text("log.roll.ms").empty()
                            ? values.integer("log.roll.hours") * 3'600'000
                            : values.integer("log.roll.ms");
    config.segment_index_bytes = values.integer("log.index.size.max.bytes");
    config.index_interval_bytes = values.integer<std::int32_t>("log.index.interval.bytes");
    config.flush_before_ack = values.is_first_choice("durability");
    config.cache_bytes = values.integer("cache.bytes");
    config.delivery = static_cast<DeliveryPath>(values.choice("delivery.path"));
    config.journal_bytes = values.integer("journal.bytes");
    config.shards = values.integer<std::int32_t>("shards");
    config.direct_writes = values.is_first_choice("segment.writes");
}

}  // namespace

ConfigReading read_config(const Properties& properties) {
    ConfigReading reading;
    BrokerConfig& config = reading.config;
    Values values(properties, reading);
    values.check_all();
    read_listeners(values, config);
    config.broker_id = read_broker_id(values);
    config.log_dirs = read_log_dirs(values);
    read_log(values, config);
    config.num_partitions = values.integer<std::int32_t>("num.partitions");
    config.auto_create_topics = values.flag("auto.create.topics.enable");
    config.message_bytes_max = values.integer<std::int32_t>("message.max.bytes");
    config.request_bytes_max = values.integer<std::int32_t>("socket.request.max.bytes");
    config.fetch_bytes_max = values.integer<std::int32_t>("fetch.max.bytes");
    config.connections_idle_ms_max = values.integer("connections.max.idle.ms");
    config.json_log = !values.is_first_choice("logger.format");
    return reading;
}

}  // namespace millrace
