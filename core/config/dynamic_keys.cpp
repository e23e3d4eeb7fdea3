#include "core/config/dynamic_keys.hpp"

#include "core/config/broker_keys.hpp"
#include "core/config/config.hpp"
#include "core/config/topic_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

using enum KeyType;
using enum KeyEffect;

// In order, beside the synonyms of topic keys.
constexpr auto kClusterWide = std::to_array<std::string_view>({
    "background.threads",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
    "max.connection.creation.rate",
    "max.connections",
    "max.connections.per.ip",
    "max.connections.per.ip.overrides",
    "metric.reporters",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "producer.id.expiration.ms",
    "remote.fetch.max.wait.ms",
    "remote.log.index.file.cache.total.size.bytes",
    "remote.log.manager.copy.max.bytes.per.second",
    "remote.log.manager.fetch.max.bytes.per.second",
    "transaction.partition.verification.enable",
});

constexpr auto kPerBroker = std::to_array<std::string_view>({
    "advertised.listeners",
    "listener.security.protocol.map",
    "listeners",
    "principal.builder.class",
    "sasl.enabled.mechanisms",
    "sasl.jaas.config",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.principal.to.local.rules",
    "sasl.kerberos.service.name",
    "sasl.kerberos.ticket.renew.jitter",
    "sasl.kerberos.ticket.renew.window.factor",
    "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.mechanism.inter.broker.protocol",
    "ssl.cipher.suites",
    "ssl.client.auth",
    "ssl.enabled.protocols",
    "ssl.endpoint.identification.algorithm",
    "ssl.engine.factory.class",
    "ssl.key.password",
    "ssl.keymanager.algorithm",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
});

// Of one listener only, and so with its name in front.
constexpr auto kStores = std::to_array<std::string_view>({
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
});

constexpr auto kPasswords = std::to_array<std::string_view>(
    {"sasl.jaas.config", "ssl.key.password", "ssl.keystore.certificate.chain", "ssl.keystore.key",
     "ssl.keystore.password", "ssl.truststore.certificates", "ssl.truststore.password"});

// Keys that are no broker's in a file.
constexpr auto kOnlyDynamic = std::to_array<KeyDescription>({
    {"follower.replication.throttled.rate", kLong, "9223372036854775807", kHarmless, 0},
    {"leader.replication.throttled.rate", kLong, "9223372036854775807", kHarmless, 0},
    {"replica.alter.log.dirs.io.max.bytes.per.second", kLong, "9223372036854775807", kHarmless, 0},
});

// May grow to the double, and shrink to the half, at a time.
constexpr auto kThreads =
    std::to_array<std::string_view>({"background.threads", "num.io.threads",
                                     "num.recovery.threads.per.data.dir", "num.replica.fetchers"});

constexpr auto kListeners = std::to_array<std::string_view>(
    {"advertised.listeners", "listener.security.protocol.map", "listeners"});

// The same setting in several units, the finest first.
constexpr std::array kUnits = {
    std::array<std::string_view, 3>{"log.roll.ms", "log.roll.hours"},
    std::array<std::string_view, 3>{"log.roll.jitter.ms", "log.roll.jitter.hours"},
    std::array<std::string_view, 3>{"log.retention.ms", "log.retention.minutes",
                                    "log.retention.hours"},
};

template <std::size_t count>
bool is_in(const std::array<std::string_view, count>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// The topic keys' strongest synonyms can be changed, but for the format of messages.
bool is_topic_default(std::string_view name) {
    return std::ranges::any_of(topic_keys(), [name](const TopicKey& each) {
        return each.synonyms[0] == name && each.key.name != "message.format.version";
    });
}

/// The key behind listener.name.NAME.; empty for any other.
std::string_view behind_listener(std::string_view name) {
    constexpr std::string_view kPrefix = "listener.name.";
    if (!name.starts_with(kPrefix)) return {};
    const std::size_t dot = name.find('.', kPrefix.size());
    return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

std::string_view without_listener(std::string_view name) {
    const std::string_view base = behind_listener(name);
    return base.empty() ? name : base;
}

const KeyDescription* find_dynamic_key(std::string_view name) {
    if (const KeyDescription* const only = find_only_dynamic(name)) return only;
    return update_of(name) == KeyUpdate::kReadOnly ? nullptr : find_broker_key(name);
}

bool is_read_only(std::string_view name) {
    return find_broker_key(name) != nullptr && update_of(name) == KeyUpdate::kReadOnly;
}

bool is_only_of_a_broker(std::string_view name) {
    const std::string_view base = behind_listener(name);
    if (base.empty()) return update_of(name) == KeyUpdate::kPerBroker;
    return base != "max.connections" && base != "max.connection.creation.rate" &&
           base != "num.network.threads";
}

/// "`sentence`(a, b)" with those names for which `is_wrong` holds; empty when there are none.
template <class Test>
std::string names_problem(const Properties& proposed, std::string_view sentence, Test is_wrong) {
    std::string names;
    for (const auto& [name, value] : proposed) {
        if (!is_wrong(name)) continue;
        if (!names.empty()) names += ", ";
        names += name;
    }
    if (names.empty()) return names;
    return fmt::format("{}({})", sentence, names);
}

std::string values_problem(const Properties& proposed) {
    for (const auto& [name, value] : proposed) {
        const KeyDescription* const key = find_dynamic_key(without_listener(name));
        if (key == nullptr) continue;
        if (const auto wrong = value_problem(*key, value)) return *wrong;
    }
    return {};
}

void lay_over(Properties& below, const Properties& above) {
    for (const auto& [name, value] : above) {
        for (const auto& units : kUnits) {
            if (!is_in(units, name)) continue;
            for (const std::string_view unit : units) {
                const auto found = below.find(unit);
                if (found != below.end()) below.erase(found);
            }
        }
        below.insert_or_assign(name, value);
    }
}

std::string value_in(const Properties& effective, std::string_view name) {
    const auto found = effective.find(name);
    if (found != effective.end()) {
        return canonical_value(find_broker_key(name)->type, found->second);
    }
    return std::string(find_broker_key(name)->default_value);
}

std::int64_t number_in(const Properties& effective, std::string_view name) {
    return parse_integer(value_in(effective, name)).value_or(0);
}

/// Kafka puts the text of one failure into another one's.
std::string within_change(std::string_view text) {
    return fmt::format(
        "Invalid value org.apache.kafka.common.config.ConfigException: {} for "
        "configuration Invalid dynamic configuration",
        text);
}

/// What a tier would leave here is at most all there is.
std::string local_problem(std::string_view local_key, std::int64_t local, std::string_view all_key,
                          std::int64_t all) {
    if (all < 0 || local == -2 || (local != -1 && local <= all)) return {};
    const std::string why =
        local == -1
            ? fmt::format("Value must not be -1 as {} value is set as {}.", all_key, all)
            : fmt::format("Value must not be more than {} property value: {}", all_key, all);
    return within_change(
        fmt::format("Invalid value {} for configuration {}: {}", local, local_key, why));
}

std::string retention_problem(const Properties& effective) {
    constexpr std::string_view kTime = "log.local.retention.ms";
    constexpr std::string_view kSize = "log.local.retention.bytes";
    const TopicConfig topic = topic_defaults(effective);
    std::string problem =
        local_problem(kTime, number_in(effective, kTime), "log.retention.ms", topic.retention_ms);
    if (!problem.empty()) return problem;
    return local_problem(kSize, number_in(effective, kSize), "log.retention.bytes",
                         topic.retention_bytes);
}

std::string threads_problem(const Properties& from, const Properties& to) {
    for (const std::string_view name : kThreads) {
        const std::int64_t before = number_in(from, name);
        const std::int64_t after = number_in(to, name);
        std::string why;
        if (after < 1) {
            why = "be at least 1";
        } else if (after < before / 2) {
            why = fmt::format("be at least half the current value {}", before);
        } else if (after > before * 2) {
            why = fmt::format("not be greater than double the current value {}", before);
        }
        if (after == before || why.empty()) continue;
        return within_change(
            fmt::format("Dynamic thread count update validation failed for {}={}, value should {}",
                        name, after, why));
    }
    return {};
}

}  // namespace

const KeyDescription* find_only_dynamic(std::string_view name) {
    const auto* const found = std::ranges::find(kOnlyDynamic, name, &KeyDescription::name);
    return found == kOnlyDynamic.end() ? nullptr : found;
}

KeyUpdate update_of(std::string_view broker_key) {
    if (is_in(kPerBroker, broker_key)) return KeyUpdate::kPerBroker;
    if (is_in(kClusterWide, broker_key) || is_topic_default(broker_key)) {
        return KeyUpdate::kClusterWide;
    }
    return KeyUpdate::kReadOnly;
}

Properties BrokerSettings::effective() const {
    Properties all = given;
    lay_over(all, cluster);
    lay_over(all, own);
    return all;
}

std::vector<std::string_view> names_of(std::string_view broker_key) {
    if (broker_key == "log.flush.interval.ms") {
        return {broker_key, "log.flush.scheduler.interval.ms"};
    }
    for (const auto& units : kUnits) {
        if (!is_in(units, broker_key)) continue;
        std::vector<std::string_view> names(units.begin(), units.end());
        std::erase(names, std::string_view());
        return names;
    }
    const std::string_view base = behind_listener(broker_key);
    if (base.empty()) return {broker_key};
    // A mechanism's key has its name between the listener's and its own.
    for (const std::string_view each :
         {"sasl.jaas.config", "sasl.login.callback.handler.class", "sasl.login.class",
          "sasl.server.callback.handler.class", "connections.max.reauth.ms"}) {
        if (base.ends_with(each)) return {broker_key, each};
    }
    return {broker_key, base};
}

std::string level_problem(const Properties& proposed, bool is_own) {
    std::string problem =
        names_problem(proposed, "Cannot update these configs dynamically: Set", &is_read_only);
    if (!problem.empty()) return problem;
    problem = names_problem(proposed,
                            "These security configs can be dynamically updated only per-listener "
                            "using the listener prefix: HashSet",
                            [](std::string_view name) { return is_in(kStores, name); });
    if (!problem.empty()) return problem;
    problem = values_problem(proposed);
    if (!problem.empty() || is_own) return problem;
    return names_problem(proposed,
                         "Cannot update these configs at default cluster level, broker id must be "
                         "specified: Set",
                         &is_only_of_a_broker);
}

std::string change_problem(const BrokerSettings& from, const BrokerSettings& to) {
    const Properties before = from.effective();
    const Properties after = to.effective();
    const ConfigReading reading = read_config(after);
    if (!reading.problems.empty()) return "requirement failed: " + reading.problems.front();
    const bool same_listeners = std::ranges::all_of(kListeners, [&](std::string_view name) {
        return value_in(before, name) == value_in(after, name);
    });
    if (!same_listeners) return "The listeners of this broker can't be changed while it runs";
    std::string problem = threads_problem(before, after);
    if (problem.empty()) problem = retention_problem(after);
    return problem;
}

bool is_password(std::string_view broker_key) {
    return std::ranges::any_of(
        kPasswords, [broker_key](std::string_view each) { return broker_key.ends_with(each); });
}

}  // namespace millrace
