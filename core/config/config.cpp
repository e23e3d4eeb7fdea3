#include "core/config/config.hpp"

#include "core/base/assert.hpp"
#include "core/base/units.hpp"
#include "core/config/broker_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

namespace millrace {
namespace {

constexpr std::string_view kHidden = "[hidden]";
constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> parse_integer(std::string_view text) {
    // Java's parsers take a plus sign, from_chars() does not.
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> parse_double(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool equals_ignoring_case(std::string_view left, std::string_view lower) {
    return std::ranges::equal(left, lower, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

struct Bounds {
    std::int64_t least;
    std::int64_t most;
};

/// The key's own range within what its type can hold.
Bounds bounds_of(const KeyDescriptor& key) {
    const auto within = [&](std::int64_t least, std::int64_t most) {
        return Bounds{std::max(least, key.least), std::min(most, key.most)};
    };
    if (key.type == KeyType::kShort) return within(-32'768, 32'767);
    if (key.type == KeyType::kInt)
        return within(std::numeric_limits<std::int32_t>::min(),
                      std::numeric_limits<std::int32_t>::max());
    return {key.least, key.most};
}

bool are_all_allowed(std::string_view value, std::string_view allowed) {
    const auto choices = split_list(allowed);
    return std::ranges::all_of(split_list(value), [&](std::string_view part) {
        return std::ranges::find(choices, part) != choices.end();
    });
}

/// What would be right, when `value` is not; nothing when it is.
std::optional<std::string> complaint(const KeyDescriptor& key, std::string_view value) {
    switch (key.type) {
        case KeyType::kBoolean:
            if (equals_ignoring_case(value, "true") || equals_ignoring_case(value, "false"))
                return std::nullopt;
            return "true or false";
        case KeyType::kShort:
        case KeyType::kInt:
        case KeyType::kLong: {
            const Bounds bounds = bounds_of(key);
            const auto number = parse_integer(value);
            if (number && *number >= bounds.least && *number <= bounds.most) return std::nullopt;
            return fmt::format("a whole number from {} to {}", bounds.least, bounds.most);
        }
        case KeyType::kDouble: {
            const auto number = parse_double(value);
            if (number && *number >= static_cast<double>(key.least) &&
                (key.most == kUnlimited || *number <= static_cast<double>(key.most)))
                return std::nullopt;
            return "a number within the key's range";
        }
        case KeyType::kString:
        case KeyType::kList:
        case KeyType::kPassword:
        case KeyType::kClass:
            if (key.allowed.empty() || are_all_allowed(value, key.allowed)) return std::nullopt;
            return fmt::format("one of {}", key.allowed);
    }
    return std::nullopt;
}

/// Reads given values and defaults, and gathers what is wrong with them.
class Reader {
public:
    Reader(const Properties& given, ConfigOutcome& outcome) : given_(given), outcome_(outcome) {}

    void check_every_key() {
        for (const auto& [name, value] : given_) check_key(name, trimmed(value));
    }

    void refuse(std::string_view key, std::string_view value, std::string allowed) {
        outcome_.problems.push_back({std::string(key), std::string(value), std::move(allowed)});
    }

    /// Whether the key has a value of its own. An empty number counts as none: it is already
    /// among the problems.
    bool is_given(std::string_view name) const { return given_.contains(name); }

    std::string_view text(std::string_view name) const {
        if (const auto found = given_.find(name); found != given_.end())
            return trimmed(found->second);
        const KeyDescriptor* key = find_broker_key(name);
        expect(key != nullptr, "a key of the table");
        return key->default_value;
    }

    /// Nothing when the key has neither value nor default, or a value that was refused.
    std::optional<std::int64_t> some_integer(std::string_view name) const {
        return parse_integer(text(name));
    }

    std::int64_t long_value(std::string_view name) const { return some_integer(name).value_or(0); }
    std::int32_t int_value(std::string_view name) const {
        return static_cast<std::int32_t>(long_value(name));
    }
    bool boolean(std::string_view name) const { return equals_ignoring_case(text(name), "true"); }

private:
    void check_key(const std::string& name, std::string_view value) {
        const KeyDescriptor* key = find_broker_key(name);
        if (key == nullptr) {
            warn_unknown(name);
            return;
        }
        const bool is_password = key->type == KeyType::kPassword;
        const bool is_default = key->has_default() ? value == key->default_value : value.empty();
        if (key->effect == KeyEffect::kRefused && !value.empty() && !is_default) {
            refuse(name, is_password ? kHidden : value, std::string(key->remedy));
        } else if (key->effect == KeyEffect::kEffective) {
            if (auto allowed = complaint(*key, value)) refuse(name, value, std::move(*allowed));
        } else if (key->effect == KeyEffect::kNoEffect && !is_default) {
            outcome_.warnings.push_back(fmt::format("{} has no effect in this broker", name));
        }
    }

    void warn_unknown(std::string_view name) {
        // Listeners and plug-ins have keys that carry a name of the user's choice.
        if (name.starts_with("listener.name.")) return;
        std::string warning = fmt::format("{} is not a known key", name);
        if (const std::string_view near = nearest_broker_key(name); !near.empty())
            warning += fmt::format("; did you mean {}?", near);
        outcome_.warnings.push_back(std::move(warning));
    }

    const Properties& given_;
    ConfigOutcome& outcome_;
};

void check_protocols(Reader& reader, const std::vector<Listener>& listeners) {
    constexpr std::string_view kKey = "listener.security.protocol.map";
    const auto protocols = parse_protocol_map(reader.text(kKey));
    if (!protocols) {
        reader.refuse(kKey, reader.text(kKey), "NAME:PROTOCOL pairs with commas between them");
        return;
    }
    for (const Listener& listener : listeners) {
        const auto found = protocols->find(listener.name);
        if (found == protocols->end()) {
            reader.refuse("listeners", listener.to_string(),
                          fmt::format("a name that {} gives a protocol", kKey));
        } else if (found->second != "PLAINTEXT") {
            reader.refuse("listeners", listener.to_string(),
                          fmt::format("PLAINTEXT: this broker does not speak {}; remove the "
                                      "listener or end TLS in front of the broker",
                                      found->second));
        }
    }
}

void check_distinct(Reader& reader, const std::vector<Listener>& listeners) {
    std::set<std::string> names;
    std::set<std::pair<std::string, std::uint16_t>> addresses;
    for (const Listener& listener : listeners) {
        if (!names.insert(listener.name).second)
            reader.refuse("listeners", listener.to_string(), "each name once");
        if (listener.port != 0 && !addresses.emplace(listener.host, listener.port).second)
            reader.refuse("listeners", listener.to_string(), "each address once");
    }
}

void check_advertised(Reader& reader, const BrokerConfig& config) {
    for (const Listener& listener : config.advertised_listeners) {
        if (listener.host == "0.0.0.0" || listener.host == "::")
            reader.refuse("advertised.listeners", listener.to_string(),
                          "an address that clients can reach");
        if (std::ranges::find(config.listeners, listener.name, &Listener::name) ==
            config.listeners.end())
            reader.refuse("advertised.listeners", listener.to_string(),
                          "a name that is among the listeners");
    }
}

void read_listeners(Reader& reader, BrokerConfig& config) {
    constexpr std::string_view kAllowed = "NAME://host:port, with commas between several";
    const auto listeners = parse_listeners(reader.text("listeners"));
    if (!listeners) {
        reader.refuse("listeners", reader.text("listeners"), std::string(kAllowed));
        return;
    }
    config.listeners = *listeners;
    config.advertised_listeners = *listeners;
    if (const std::string_view text = reader.text("advertised.listeners"); !text.empty()) {
        const auto advertised = parse_listeners(text);
        if (!advertised) {
            reader.refuse("advertised.listeners", text, std::string(kAllowed));
            return;
        }
        config.advertised_listeners = *advertised;
    }
    check_distinct(reader, config.listeners);
    check_protocols(reader, config.listeners);
    check_advertised(reader, config);
}

void read_identity(Reader& reader, BrokerConfig& config) {
    const bool both = reader.is_given("broker.id") && reader.is_given("node.id");
    if (both && reader.some_integer("broker.id") != reader.some_integer("node.id"))
        reader.refuse("node.id", reader.text("node.id"), "the same number as broker.id");
    const std::string_view key = reader.is_given("broker.id") ? "broker.id" : "node.id";
    config.broker_id = BrokerId{reader.int_value(key)};
    if (config.broker_id.value < -1)
        reader.refuse(key, reader.text(key), "0 or above, or -1 for none");

    std::string_view dirs = reader.text("log.dirs");
    const std::string_view dirs_key = dirs.empty() ? "log.dir" : "log.dirs";
    if (dirs.empty()) dirs = reader.text("log.dir");
    for (const std::string_view dir : split_list(dirs)) {
        if (std::ranges::find(config.log_dirs, dir) != config.log_dirs.end())
            reader.refuse(dirs_key, dir, "each directory once");
        config.log_dirs.emplace_back(dir);
    }
    if (config.log_dirs.empty()) reader.refuse(dirs_key, dirs, "at least one directory");
}

/// The first of `keys` that has a value, in milliseconds. Kafka names the finer unit first.
std::int64_t duration_ms(const Reader& reader,
                         std::initializer_list<std::pair<std::string_view, std::int64_t>> keys) {
    for (const auto& [key, unit_ms] : keys)
        if (const auto value = reader.some_integer(key)) return *value < 0 ? -1 : *value * unit_ms;
    return -1;
}

void read_log(Reader& reader, BrokerConfig& config) {
    config.segment_bytes = reader.int_value("log.segment.bytes");
    config.index_interval_bytes = reader.int_value("log.index.interval.bytes");
    config.index_bytes_max = reader.int_value("log.index.size.max.bytes");
    config.roll_ms = duration_ms(reader, {{"log.roll.ms", 1}, {"log.roll.hours", kHourMs}});
    if (config.roll_ms <= 0)
        reader.refuse("log.roll.ms", reader.text("log.roll.ms"), "a whole number from 1 on");
    config.retention_ms = duration_ms(reader, {{"log.retention.ms", 1},
                                               {"log.retention.minutes", kMinuteMs},
                                               {"log.retention.hours", kHourMs}});
    if (config.retention_ms == 0)
        reader.refuse("log.retention.ms", reader.text("log.retention.ms"),
                      "-1, or a whole number from 1 on");
    config.retention_bytes = reader.long_value("log.retention.bytes");
    config.retention_check_interval_ms = reader.long_value("log.retention.check.interval.ms");
    config.segment_delete_delay_ms = reader.long_value("log.segment.delete.delay.ms");
    for (const std::string_view policy : split_list(reader.text("log.cleanup.policy"))) {
        config.cleanup_delete = config.cleanup_delete || policy == "delete";
        config.cleanup_compact = config.cleanup_compact || policy == "compact";
    }
    config.recovery_threads_per_dir = reader.int_value("num.recovery.threads.per.data.dir");
}

void read_records(Reader& reader, BrokerConfig& config) {
    config.message_bytes_max = reader.int_value("message.max.bytes");
    config.compression_type = reader.text("compression.type");
    config.log_append_time = reader.text("log.message.timestamp.type") == "LogAppendTime";
    // The older key still binds where neither of its two successors does.
    const std::int64_t both = reader.long_value("log.message.timestamp.difference.max.ms");
    const auto limit = [&](std::string_view key) {
        const std::int64_t own = reader.long_value(key);
        return own != kUnlimited ? own : both;
    };
    config.timestamp_before_max_ms = limit("log.message.timestamp.before.max.ms");
    config.timestamp_after_max_ms = limit("log.message.timestamp.after.max.ms");
}

void read_topics(Reader& reader, BrokerConfig& config) {
    config.num_partitions = reader.int_value("num.partitions");
    config.default_replication_factor = reader.int_value("default.replication.factor");
    config.min_insync_replicas = reader.int_value("min.insync.replicas");
    config.auto_create_topics = reader.boolean("auto.create.topics.enable");
}

void read_network(Reader& reader, BrokerConfig& config) {
    config.request_bytes_max = reader.int_value("socket.request.max.bytes");
    config.fetch_bytes_max = reader.int_value("fetch.max.bytes");
    config.fetch_session_slots = reader.int_value("max.incremental.fetch.session.cache.slots");
    config.connection_idle_max_ms = reader.long_value("connections.max.idle.ms");
    config.socket_send_buffer_bytes = reader.int_value("socket.send.buffer.bytes");
    config.socket_receive_buffer_bytes = reader.int_value("socket.receive.buffer.bytes");
    config.listen_backlog = reader.int_value("socket.listen.backlog.size");
}

void read_own(Reader& reader, BrokerConfig& config) {
    config.durability = reader.text("durability") == "os" ? Durability::kOs : Durability::kFlush;
    config.journal_bytes = reader.long_value("journal.bytes");
    config.cache_bytes = reader.some_integer("cache.bytes");
    if (const auto shards = reader.some_integer("shards"))
        config.shards = static_cast<std::int32_t>(*shards);
    const std::string_view path = reader.text("delivery.path");
    if (path == "sendfile") config.delivery_path = DeliveryPath::kSendfile;
    if (path == "read") config.delivery_path = DeliveryPath::kRead;
    config.log_format = reader.text("log.format") == "json" ? LogFormat::kJson : LogFormat::kText;
}

}  // namespace

std::string ConfigProblem::to_string() const {
    return fmt::format("{}={} cannot be used: {}", key, value, allowed);
}

ConfigOutcome build_config(const Properties& given) {
    ConfigOutcome outcome;
    Reader reader(given, outcome);
    BrokerConfig config;
    reader.check_every_key();
    read_identity(reader, config);
    read_listeners(reader, config);
    read_log(reader, config);
    read_records(reader, config);
    read_topics(reader, config);
    read_network(reader, config);
    read_own(reader, config);
    config.given = given;
    if (outcome.problems.empty()) outcome.config = std::move(config);
    return outcome;
}

}  // namespace millrace
