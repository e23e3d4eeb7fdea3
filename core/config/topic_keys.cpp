#include "core/config/topic_keys.hpp"

#include "core/config/broker_keys.hpp"
#include "core/config/key_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

using enum KeyType;
using enum KeyEffect;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// The broker's key has the same meaning, and mostly a name of its own.
constexpr TopicKey numeric(std::string_view name, KeyType type, std::string_view default_value,
                           std::int64_t min, std::string_view synonym, std::int64_t max = kMost) {
    return {{name, type, default_value, kEffective, min, max}, {synonym}};
}

constexpr TopicKey timed(std::string_view name, std::string_view default_value, std::int64_t min,
                         std::array<std::string_view, 3> synonyms) {
    return {{name, kLong, default_value, kEffective, min}, synonyms};
}

constexpr TopicKey flag(std::string_view name, std::string_view default_value,
                        std::string_view synonym) {
    return {{name, kBoolean, default_value, kEffective}, {synonym}};
}

constexpr TopicKey words(std::string_view name, KeyType type, std::string_view default_value,
                         std::string_view allowed, std::string_view synonym) {
    return {{name, type, default_value, kEffective, kLeast, kMost, allowed}, {synonym}};
}

constexpr TopicKey ruled(std::string_view name, KeyType type, std::string_view default_value,
                         KeyDescription::Rule rule, std::string_view synonym) {
    return {{name, type, default_value, kEffective, kLeast, kMost, {}, {}, rule}, {synonym}};
}

constexpr std::string_view kUnlimited = "9223372036854775807";
constexpr std::string_view kWeek = "604800000";

// By name, as the look-up below relies on.
constexpr auto kKeys = std::to_array<TopicKey>({
    words("cleanup.policy", kList, "delete", "compact, delete", "log.cleanup.policy"),
    ruled("compression.gzip.level", kInt, "-1", &gzip_level_problem, "compression.gzip.level"),
    numeric("compression.lz4.level", kInt, "9", 1, "compression.lz4.level", 17),
    words("compression.type", kString, "producer",
          "uncompressed, zstd, lz4, snappy, gzip, producer", "compression.type"),
    numeric("compression.zstd.level", kInt, "3", -131072, "compression.zstd.level", 22),
    numeric("delete.retention.ms", kLong, "86400000", 0, "log.cleaner.delete.retention.ms"),
    numeric("file.delete.delay.ms", kLong, "60000", 0, "log.segment.delete.delay.ms"),
    numeric("flush.messages", kLong, kUnlimited, 1, "log.flush.interval.messages"),
    timed("flush.ms", kUnlimited, 0, {"log.flush.interval.ms", "log.flush.scheduler.interval.ms"}),
    ruled("follower.replication.throttled.replicas", kList, "", &throttled_replicas_problem, {}),
    numeric("index.interval.bytes", kInt, "4096", 0, "log.index.interval.bytes"),
    ruled("leader.replication.throttled.replicas", kList, "", &throttled_replicas_problem, {}),
    numeric("local.retention.bytes", kLong, "-2", -2, "log.local.retention.bytes"),
    numeric("local.retention.ms", kLong, "-2", -2, "log.local.retention.ms"),
    numeric("max.compaction.lag.ms", kLong, kUnlimited, 1, "log.cleaner.max.compaction.lag.ms"),
    numeric("max.message.bytes", kInt, "1048588", 0, "message.max.bytes"),
    flag("message.downconversion.enable", "true", "log.message.downconversion.enable"),
    ruled("message.format.version", kString, "3.0-IV1", &version_problem,
          "log.message.format.version"),
    numeric("message.timestamp.after.max.ms", kLong, kUnlimited, 0,
            "log.message.timestamp.after.max.ms"),
    numeric("message.timestamp.before.max.ms", kLong, kUnlimited, 0,
            "log.message.timestamp.before.max.ms"),
    numeric("message.timestamp.difference.max.ms", kLong, kUnlimited, 0,
            "log.message.timestamp.difference.max.ms"),
    words("message.timestamp.type", kString, "CreateTime", "CreateTime, LogAppendTime",
          "log.message.timestamp.type"),
    numeric("min.cleanable.dirty.ratio", kDouble, "0.5", 0, "log.cleaner.min.cleanable.ratio", 1),
    numeric("min.compaction.lag.ms", kLong, "0", 0, "log.cleaner.min.compaction.lag.ms"),
    numeric("min.insync.replicas", kInt, "1", 1, "min.insync.replicas"),
    flag("preallocate", "false", "log.preallocate"),
    flag("remote.log.copy.disable", "false", {}),
    flag("remote.log.delete.on.disable", "false", {}),
    flag("remote.storage.enable", "false", {}),
    numeric("retention.bytes", kLong, "-1", kLeast, "log.retention.bytes"),
    timed("retention.ms", kWeek, -1,
          {"log.retention.ms", "log.retention.minutes", "log.retention.hours"}),
    numeric("segment.bytes", kInt, "1073741824", 14, "log.segment.bytes"),
    numeric("segment.index.bytes", kInt, "10485760", 4, "log.index.size.max.bytes"),
    timed("segment.jitter.ms", "0", 0, {"log.roll.jitter.ms", "log.roll.jitter.hours"}),
    timed("segment.ms", kWeek, 1, {"log.roll.ms", "log.roll.hours"}),
    flag("unclean.leader.election.enable", "false", "unclean.leader.election.enable"),
});

constexpr std::string_view name_of(const TopicKey& each) { return each.key.name; }
static_assert(std::ranges::is_sorted(kKeys, {}, name_of));

std::int64_t unit_of(std::string_view broker_key) {
    if (broker_key.ends_with(".hours")) return 3'600'000;
    if (broker_key.ends_with(".minutes")) return 60'000;
    return 1;
}

}  // namespace

std::span<const TopicKey> topic_keys() { return kKeys; }

const TopicKey* find_topic_key(std::string_view name) {
    const auto* const found = std::ranges::lower_bound(kKeys, name, {}, name_of);
    return found != kKeys.end() && found->key.name == name ? found : nullptr;
}

BrokerSetting broker_setting(const TopicKey& key, const Properties& broker) {
    for (const std::string_view name : key.synonyms) {
        if (name.empty()) break;
        const KeyDescription& described = *find_broker_key(name);
        const auto given = broker.find(name);
        if (given == broker.end() && !described.has_default()) continue;
        const std::string_view text =
            given == broker.end() ? described.default_value : std::string_view(given->second);
        std::string value = canonical_value(described.type, text);
        const std::int64_t unit = unit_of(name);
        if (unit != 1) value = fmt::format("{}", parse_integer(value).value_or(0) * unit);
        return {name, std::move(value)};
    }
    return {};
}

}  // namespace millrace
