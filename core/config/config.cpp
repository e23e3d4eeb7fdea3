#include "core/config/config.hpp"

#include "core/base/parse.hpp"
#include "core/config/broker_keys.hpp"
#include "core/config/text.hpp"
#include "core/config/topic_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

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
        if (const auto allowed = complaint(key, value)) {
            problem(key.name, value, *allowed);
        } else if (key.effect == KeyEffect::kEffective || value.empty() ||
                   canonical_value(key.type, value) == key.default_value) {
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

void read_admin(Values& values, BrokerConfig& config) {
    constexpr std::string_view kKey = "admin.listener";
    const std::string_view text = values.text(kKey);
    config.admin_is_default = !values.is_given(kKey);
    if (text.empty()) return;
    config.admin = parse_address(text);
    if (!config.admin) {
        values.problem(kKey, text, "host:port, or empty for no figures over HTTP");
    }
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

void read_topics(Values& values, BrokerConfig& config) {
    config.num_partitions = values.integer<std::int32_t>("num.partitions");
    config.default_replication_factor = values.integer<std::int32_t>("default.replication.factor");
    config.auto_create_topics = values.flag("auto.create.topics.enable");
    config.delete_topics = values.flag("delete.topic.enable");
    config.retention_check_interval_ms = values.integer("log.retention.check.interval.ms");
    config.initial_task_delay_ms = values.integer("log.initial.task.delay.ms");
    config.flush_scheduler_interval_ms = values.integer("log.flush.scheduler.interval.ms");
    config.recovery_point_checkpoint_interval_ms =
        values.integer<std::int32_t>("log.flush.offset.checkpoint.interval.ms");
    config.start_offset_checkpoint_interval_ms =
        values.integer<std::int32_t>("log.flush.start.offset.checkpoint.interval.ms");
    config.producer_id_expiration_ms = values.integer<std::int32_t>("producer.id.expiration.ms");
    config.producer_id_expiration_check_interval_ms =
        values.integer<std::int32_t>("producer.id.expiration.check.interval.ms");
    config.fetch_session_slots_max =
        values.integer<std::int32_t>("max.incremental.fetch.session.cache.slots");
}

/// What a topic's keys may not be, the broker's may not be either, or no topic could be made.
void check_topic_defaults(Values& values, const Properties& properties) {
    for (const TopicKey& each : topic_keys()) {
        const BrokerSetting setting = broker_setting(each, properties);
        if (setting.name.empty() || each.key.name == "retention.ms") continue;
        if (const auto wrong = value_problem(each.key, setting.value)) {
            values.problem(setting.name, values.text(setting.name), *wrong);
        }
    }
}

void read_log(Values& values, BrokerConfig& config) {
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
    read_admin(values, config);
    config.broker_id = read_broker_id(values);
    config.log_dirs = read_log_dirs(values);
    read_log(values, config);
    read_topics(values, config);
    if (reading.problems.empty()) check_topic_defaults(values, properties);
    if (reading.problems.empty()) config.topic = topic_defaults(properties);
    config.request_bytes_max = values.integer<std::int32_t>("socket.request.max.bytes");
    config.fetch_bytes_max = values.integer<std::int32_t>("fetch.max.bytes");
    config.connections_idle_ms_max = values.integer("connections.max.idle.ms");
    config.json_log = !values.is_first_choice("logger.format");
    return reading;
}

}  // namespace millrace
