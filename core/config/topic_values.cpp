// What the values of topic keys come to: the way from a key to its member of TopicConfig.
#include "core/config/text.hpp"
#include "core/config/topic_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

template <class Value>
struct Member {
    std::string_view name;
    Value TopicConfig::* place;
};

constexpr auto kInts = std::to_array<Member<std::int32_t>>({
    {"compression.gzip.level", &TopicConfig::compression_gzip_level},
    {"compression.lz4.level", &TopicConfig::compression_lz4_level},
    {"compression.zstd.level", &TopicConfig::compression_zstd_level},
    {"index.interval.bytes", &TopicConfig::index_interval_bytes},
    {"max.message.bytes", &TopicConfig::max_message_bytes},
    {"min.insync.replicas", &TopicConfig::min_insync_replicas},
    {"segment.bytes", &TopicConfig::segment_bytes},
    {"segment.index.bytes", &TopicConfig::segment_index_bytes},
});

constexpr auto kLongs = std::to_array<Member<std::int64_t>>({
    {"delete.retention.ms", &TopicConfig::delete_retention_ms},
    {"file.delete.delay.ms", &TopicConfig::file_delete_delay_ms},
    {"flush.messages", &TopicConfig::flush_messages},
    {"flush.ms", &TopicConfig::flush_ms},
    {"max.compaction.lag.ms", &TopicConfig::max_compaction_lag_ms},
    {"message.timestamp.after.max.ms", &TopicConfig::message_timestamp_after_max_ms},
    {"message.timestamp.before.max.ms", &TopicConfig::message_timestamp_before_max_ms},
    {"message.timestamp.difference.max.ms", &TopicConfig::message_timestamp_difference_max_ms},
    {"min.compaction.lag.ms", &TopicConfig::min_compaction_lag_ms},
    {"retention.bytes", &TopicConfig::retention_bytes},
    {"retention.ms", &TopicConfig::retention_ms},
    {"segment.jitter.ms", &TopicConfig::segment_jitter_ms},
    {"segment.ms", &TopicConfig::segment_ms},
});

constexpr auto kFlags = std::to_array<Member<bool>>({
    {"message.downconversion.enable", &TopicConfig::message_downconversion_enable},
    {"preallocate", &TopicConfig::preallocate},
    {"unclean.leader.election.enable", &TopicConfig::unclean_leader_election_enable},
});

template <class Value, std::size_t count>
bool set_in(const std::array<Member<Value>, count>& members, TopicConfig& config,
            std::string_view name, Value value) {
    const auto* const found = std::ranges::find(members, name, &Member<Value>::name);
    if (found == members.end()) return false;
    config.*(found->place) = value;
    return true;
}

TopicCompression compression_of(std::string_view name) {
    if (name == "uncompressed") return TopicCompression::kUncompressed;
    if (name == "gzip") return TopicCompression::kGzip;
    if (name == "snappy") return TopicCompression::kSnappy;
    if (name == "lz4") return TopicCompression::kLz4;
    if (name == "zstd") return TopicCompression::kZstd;
    return TopicCompression::kProducer;
}

/// Keys without a member have no effect on a log.
void set_member(TopicConfig& config, std::string_view name, std::string_view value) {
    const std::int64_t number = parse_integer(value).value_or(0);
    if (set_in(kInts, config, name, static_cast<std::int32_t>(number))) return;
    if (set_in(kLongs, config, name, number)) return;
    if (set_in(kFlags, config, name, equals_ignoring_case(trimmed(value), "true"))) return;
    if (name == "cleanup.policy") {
        const auto policies = list_elements(value);
        config.cleanup_by_deletion = std::ranges::find(policies, "delete") != policies.end();
        config.cleanup_by_compaction = std::ranges::find(policies, "compact") != policies.end();
    } else if (name == "compression.type") {
        config.compression_type = compression_of(trimmed(value));
    } else if (name == "message.timestamp.type") {
        config.message_timestamp_type = trimmed(value) == "LogAppendTime"
                                            ? TimestampType::kLogAppendTime
                                            : TimestampType::kCreateTime;
    } else if (name == "min.cleanable.dirty.ratio") {
        config.min_cleanable_dirty_ratio = parse_double(value).value_or(0);
    }
}

void stand_in(TopicConfig& config) {
    const std::int64_t difference = config.message_timestamp_difference_max_ms;
    for (std::int64_t* const bound :
         {&config.message_timestamp_before_max_ms, &config.message_timestamp_after_max_ms}) {
        if (*bound == TopicConfig::kUnlimited) *bound = difference;
    }
}

std::string unknown_names(const Properties& overrides) {
    for (const auto& [name, value] : overrides) {
        if (find_topic_key(name) == nullptr) {
            return fmt::format("Unknown topic config name: {}", name);
        }
    }
    return {};
}

std::string wrong_values(const Properties& overrides) {
    for (const auto& [name, value] : overrides) {
        if (auto problem = value_problem(find_topic_key(name)->key, value)) return *problem;
    }
    return {};
}

bool is_on(const Properties& overrides, std::string_view name) {
    const auto found = overrides.find(name);
    return found != overrides.end() && equals_ignoring_case(trimmed(found->second), "true");
}

/// What values say together.
TopicConfigProblem conflict(const TopicConfig& config, const Properties& overrides) {
    if (config.min_compaction_lag_ms > config.max_compaction_lag_ms) {
        return {
            fmt::format("conflict topic config setting min.compaction.lag.ms ({}) > "
                        "max.compaction.lag.ms ({})",
                        config.min_compaction_lag_ms, config.max_compaction_lag_ms)};
    }
    if (is_on(overrides, "remote.log.copy.disable") ||
        is_on(overrides, "remote.log.delete.on.disable")) {
        return {
            "It is invalid to set `remote.log.delete.on.disable` or "
            "`remote.log.copy.disable` under Zookeeper's mode."};
    }
    if (is_on(overrides, "remote.storage.enable")) {
        return {
            "Tiered Storage functionality is disabled in the broker. Topic cannot be "
            "configured with remote log storage.",
            true};
    }
    return {};
}

}  // namespace

TopicConfigReading read_topic_config(const TopicConfig& broker_defaults,
                                     const Properties& overrides) {
    TopicConfigReading reading{broker_defaults, {unknown_names(overrides), false}};
    if (!reading.problem.text.empty()) return reading;
    reading.problem = {wrong_values(overrides), true};
    if (!reading.problem.text.empty()) return reading;
    for (const auto& [name, value] : overrides) set_member(reading.config, name, value);
    reading.problem = conflict(reading.config, overrides);
    stand_in(reading.config);
    return reading;
}

TopicConfig topic_defaults(const Properties& broker) {
    TopicConfig config;
    for (const TopicKey& each : topic_keys()) {
        const BrokerSetting setting = broker_setting(each, broker);
        if (!setting.name.empty()) set_member(config, each.key.name, setting.value);
    }
    // Any negative time is no limit.
    config.retention_ms = std::max<std::int64_t>(config.retention_ms, -1);
    stand_in(config);
    return config;
}

}  // namespace millrace
