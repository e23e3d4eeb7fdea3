#include "core/config/described_key.hpp"

#include "core/config/broker_keys.hpp"
#include "core/config/key_rules.hpp"
#include "core/config/text.hpp"
#include "core/config/topic_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace millrace {
namespace {

// Told of only when they are set.
constexpr auto kInternal = std::to_array<std::string_view>({
    "group.consumer.migration.policy",
    "group.coordinator.new.enable",
    "group.share.enable",
    "log.initial.task.delay.ms",
    "metadata.log.segment.min.bytes",
    "producer.id.expiration.check.interval.ms",
    "remote.log.manager.task.retry.backoff.max.ms",
    "remote.log.manager.task.retry.backoff.ms",
    "remote.log.manager.task.retry.jitter",
    "server.max.startup.time.ms",
    "unclean.leader.election.interval.ms",
    "unstable.api.versions.enable",
    "unstable.feature.versions.enable",
    "zookeeper.metadata.migration.min.batch.size",
});

// Kafka hands them to others without knowing them.
constexpr auto kHandedOn = std::to_array<std::string_view>(
    {"allow.everyone.if.no.acl.found", "config.providers", "super.users"});

template <std::size_t count>
bool is_in(const std::array<std::string_view, count>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// Null for a key that Kafka doesn't know; a listener's key is described by the one without its
/// name.
const KeyDescription* find_known(std::string_view name) {
    if (is_in(kHandedOn, name)) return nullptr;
    if (const KeyDescription* const key = find_broker_key(name)) return key;
    if (const KeyDescription* const key = find_only_dynamic(name)) return key;
    const std::string_view base = names_of(name).back();
    return base == name ? nullptr : find_broker_key(base);
}

void add_synonyms(std::vector<KeySynonym>& synonyms, const Properties& level, ConfigSource source,
                  const std::vector<std::string_view>& names, bool is_sensitive) {
    for (const std::string_view name : names) {
        const auto found = level.find(name);
        if (found == level.end()) continue;
        std::optional<std::string> value;
        if (!is_sensitive) value = found->second;
        synonyms.push_back({std::string(name), std::move(value), source});
    }
}

/// Where the key's value could come from, the strongest first; what is stronger by another unit's
/// name is left out, as Kafka does it.
std::vector<KeySynonym> synonyms_of(const BrokerSettings& broker, std::string_view name,
                                    bool is_sensitive) {
    const auto names = names_of(name);
    std::vector<KeySynonym> all;
    add_synonyms(all, broker.own, ConfigSource::kDynamicBroker, names, is_sensitive);
    add_synonyms(all, broker.cluster, ConfigSource::kDynamicDefaultBroker, names, is_sensitive);
    add_synonyms(all, broker.given, ConfigSource::kStaticBroker, names, is_sensitive);
    Properties defaults;
    for (const std::string_view each : names) {
        const KeyDescription* const key = find_broker_key(each);
        if (key == nullptr || is_in(kHandedOn, each) || !key->has_default()) continue;
        defaults.emplace(each, key->default_value);
    }
    add_synonyms(all, defaults, ConfigSource::kDefault, names, is_sensitive);
    const auto first = std::ranges::find(all, name, &KeySynonym::name);
    all.erase(all.begin(), first);
    return all;
}

/// broker.id and node.id are one, and either stands for both.
BrokerSettings with_both_ids(const BrokerSettings& broker) {
    BrokerSettings both = broker;
    const auto id = both.given.find("broker.id");
    const auto node = both.given.find("node.id");
    if (id == both.given.end() && node != both.given.end()) {
        both.given.emplace("broker.id", node->second);
    } else if (id != both.given.end() && node == both.given.end()) {
        both.given.emplace("node.id", id->second);
    }
    return both;
}

DescribedKey describe(const BrokerSettings& broker, const std::string& name,
                      const Properties& effective) {
    DescribedKey described;
    described.name = name;
    const KeyDescription* const key = find_known(name);
    if (key != nullptr) described.type = key->type;
    described.sensitive = key == nullptr || key->type == KeyType::kPassword;
    described.read_only = update_of(name) == KeyUpdate::kReadOnly;
    described.synonyms = synonyms_of(broker, name, described.sensitive);
    described.source =
        described.synonyms.empty() ? ConfigSource::kDefault : described.synonyms.front().source;
    if (described.sensitive) return described;
    const auto found = effective.find(name);
    if (found == effective.end()) {
        if (key->has_default()) described.value = std::string(key->default_value);
    } else {
        // Only what Kafka reads by that name is read; a listener's key stays as it was written.
        const bool is_read = key->name == name && !is_in(kInternal, name);
        described.value = is_read ? canonical_value(key->type, found->second) : found->second;
    }
    return described;
}

/// From 3.0 on Kafka goes by the latest format, whatever the key says.
std::string format_version(const Properties& effective) {
    const auto given = effective.find("log.message.format.version");
    const auto brokers = effective.find("inter.broker.protocol.version");
    if (given == effective.end() || brokers == effective.end() ||
        !is_before_3_0(trimmed(brokers->second))) {
        return "3.0-IV1";
    }
    return version_name(trimmed(given->second));
}

/// What a topic without the key has, as Kafka shows it.
std::string default_of(const Properties& effective, const TopicKey& key) {
    const BrokerSetting setting = broker_setting(key, effective);
    const TopicConfig topic = topic_defaults(effective);
    if (setting.name.empty()) return std::string(key.key.default_value);
    if (key.key.name == "retention.ms") return fmt::format("{}", topic.retention_ms);
    if (key.key.name == "message.timestamp.before.max.ms") {
        return fmt::format("{}", topic.message_timestamp_before_max_ms);
    }
    if (key.key.name == "message.timestamp.after.max.ms") {
        return fmt::format("{}", topic.message_timestamp_after_max_ms);
    }
    if (key.key.name == "message.format.version") return format_version(effective);
    return setting.value;
}

DescribedKey describe_in_topic(const BrokerSettings& broker, const Properties& effective,
                               const TopicKey& key, const Properties& overrides) {
    DescribedKey described;
    described.name = std::string(key.key.name);
    described.type = key.key.type;
    if (!key.synonyms[0].empty()) {
        described.synonyms = synonyms_of(broker, key.synonyms[0], false);
    }
    const auto own = overrides.find(key.key.name);
    if (own == overrides.end()) {
        described.value = default_of(effective, key);
    } else {
        described.value = canonical_value(key.key.type, own->second);
        described.synonyms.insert(
            described.synonyms.begin(),
            KeySynonym{described.name, described.value, ConfigSource::kTopic});
    }
    described.source =
        described.synonyms.empty() ? ConfigSource::kDefault : described.synonyms.front().source;
    return described;
}

}  // namespace

std::vector<DescribedKey> describe_topic(const BrokerSettings& broker,
                                         const Properties& overrides) {
    const Properties effective = broker.effective();
    std::vector<DescribedKey> keys;
    for (const TopicKey& each : topic_keys()) {
        keys.push_back(describe_in_topic(broker, effective, each, overrides));
    }
    return keys;
}

std::vector<DescribedKey> describe_broker(const BrokerSettings& broker) {
    const BrokerSettings both = with_both_ids(broker);
    const Properties effective = both.effective();
    std::set<std::string> names;
    for (const auto& [name, value] : effective) names.insert(name);
    for (const KeyDescription& key : broker_keys()) {
        if (!is_in(kInternal, key.name) && !is_in(kHandedOn, key.name)) {
            names.emplace(key.name);
        }
    }
    std::vector<DescribedKey> keys;
    for (const std::string& name : names) keys.push_back(describe(both, name, effective));
    return keys;
}

std::vector<DescribedKey> describe_cluster(const BrokerSettings& broker) {
    std::vector<DescribedKey> keys;
    for (const auto& [name, value] : broker.cluster) {
        DescribedKey described = describe(broker, name, broker.cluster);
        if (!described.sensitive) described.value = value;
        std::erase_if(described.synonyms, [](const KeySynonym& each) {
            return each.source != ConfigSource::kDynamicDefaultBroker;
        });
        described.source =
            described.synonyms.empty() ? ConfigSource::kDefault : described.synonyms.front().source;
        keys.push_back(std::move(described));
    }
    return keys;
}

}  // namespace millrace
