#include "core/config/config.hpp"

#include "core/base/parse.hpp"
#include "core/config/broker_keys.hpp"

#include <fmt/format.h>

#include <optional>

namespace millrace {
namespace {

constexpr std::string_view kPlaintext = "PLAINTEXT://";

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view part = trimmed(text.substr(0, comma));
        if (!part.empty()) parts.emplace_back(part);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return parts;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    if (!text.starts_with(kPlaintext)) return std::nullopt;
    text.remove_prefix(kPlaintext.size());
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::int64_t>(text.substr(colon + 1));
    if (!port || *port < 0 || *port > 65535) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return Endpoint{std::string(host), static_cast<std::uint16_t>(*port)};
}

/// Reads values by the table of keys and collects what is wrong with them.
class Values {
public:
    Values(const Properties& properties, ConfigReading& reading)
        : properties_(properties), reading_(reading) {}

    std::string text(std::string_view name) const {
        const auto found = properties_.find(name);
        if (found != properties_.end()) return std::string(trimmed(found->second));
        return std::string(find_broker_key(name)->default_value);
    }

    bool flag(std::string_view name) {
        const std::string value = text(name);
        if (value != "true" && value != "false") problem(name, value, "true or false");
        return value == "true";
    }

    template <class Int = std::int64_t>
    Int integer(std::string_view name) {
        const KeyDescription& key = *find_broker_key(name);
        const std::string value = text(name);
        const auto parsed = parse_number<std::int64_t>(value);
        const std::int64_t type_max = key.type == KeyType::kInt
                                          ? std::numeric_limits<std::int32_t>::max()
                                          : std::numeric_limits<std::int64_t>::max();
        if (!parsed || *parsed < key.min || *parsed > std::min(key.max, type_max)) {
            problem(name, value,
                    fmt::format("a number from {} to {}", key.min, std::min(key.max, type_max)));
            return Int{};
        }
        return static_cast<Int>(*parsed);
    }

    /// Whether a key with two allowed words has the first of them.
    bool is_first_choice(std::string_view name) {
        const std::string_view allowed = find_broker_key(name)->remedy;
        const std::string value = text(name);
        const std::string_view first = allowed.substr(0, allowed.find(','));
        const std::string_view second = trimmed(allowed.substr(first.size() + 1));
        if (value != first && value != second) problem(name, value, allowed);
        return value == first;
    }

    std::vector<Endpoint> endpoints(std::string_view name) {
        std::vector<Endpoint> parsed;
        for (const std::string& each : split_list(text(name))) {
            const auto endpoint = parse_endpoint(each);
            if (endpoint) {
                parsed.push_back(*endpoint);
            } else {
                problem(name, each, "PLAINTEXT://host:port; other protocols are not built yet");
            }
        }
        return parsed;
    }

    void problem(std::string_view name, std::string_view value, std::string_view allowed) {
        reading_.problems.push_back(fmt::format("{}={}: {}", name, value, allowed));
    }

private:
    const Properties& properties_;
    ConfigReading& reading_;
};

void check_names(const Properties& properties, ConfigReading& reading) {
    for (const auto& [name, value] : properties) {
        const KeyDescription* const key = find_broker_key(name);
        if (key == nullptr) {
            const std::string_view near = nearest_broker_key(name);
            reading.warnings.push_back(
                near.empty() ? fmt::format("{} has no effect here", name)
                             : fmt::format("{} has no effect here; did you mean {}?", name, near));
        } else if (key->effect == KeyEffect::kHarmless) {
            reading.warnings.push_back(fmt::format("{} has no effect here", name));
        } else if (key->effect == KeyEffect::kRefused && !trimmed(value).empty()) {
            reading.problems.push_back(fmt::format("{}={}: {}", name, value, key->remedy));
        }
    }
}

void read_listeners(Values& values, BrokerConfig& config) {
    config.listeners = values.endpoints("listeners");
    config.advertised = values.endpoints("advertised.listeners");
    if (config.advertised.empty()) config.advertised = config.listeners;
    if (config.listeners.size() != 1) {
        values.problem("listeners", values.text("listeners"), "exactly one listener");
    } else if (config.advertised.size() != 1) {
        values.problem("advertised.listeners", values.text("advertised.listeners"),
                       "as many as listeners");
    }
    for (const Endpoint& each : config.advertised) {
        if (each.host == "0.0.0.0" || each.host == "::") {
            values.problem("advertised.listeners", each.host, "an address that clients can reach");
        }
    }
}

}  // namespace

ConfigReading read_config(const Properties& properties) {
    ConfigReading reading;
    BrokerConfig& config = reading.config;
    check_names(properties, reading);
    Values values(properties, reading);
    read_listeners(values, config);
    config.broker_id = values.integer<std::int32_t>("broker.id");
    config.log_dirs = split_list(values.text("log.dirs"));
    if (config.log_dirs.empty()) config.log_dirs = split_list(values.text("log.dir"));
    if (config.log_dirs.empty()) values.problem("log.dirs", "", "at least one folder");
    config.num_partitions = values.integer<std::int32_t>("num.partitions");
    config.auto_create_topics = values.flag("auto.create.topics.enable");
    config.segment_bytes = values.integer("log.segment.bytes");
    config.segment_ms = values.text("log.roll.ms").empty()
                            ? values.integer("log.roll.hours") * 3'600'000
                            : values.integer("log.roll.ms");
    config.segment_index_bytes = values.integer("log.index.size.max.bytes");
    config.index_interval_bytes = values.integer<std::int32_t>("log.index.interval.bytes");
    config.message_bytes_max = values.integer<std::int32_t>("message.max.bytes");
    config.request_bytes_max = values.integer<std::int32_t>("socket.request.max.bytes");
    config.fetch_bytes_max = values.integer<std::int32_t>("fetch.max.bytes");
    config.connections_idle_ms_max = values.integer("connections.max.idle.ms");
    config.flush_before_ack = values.is_first_choice("durability");
    config.cache_bytes = values.integer("cache.bytes");
    config.journal_bytes = values.integer("journal.bytes");
    config.direct_writes = values.is_first_choice("segment.writes");
    config.json_log = !values.is_first_choice("logger.format");
    return reading;
}

}  // namespace millrace
