#include "core/config/config.hpp"

#include "core/config/broker_keys.hpp"
#include "core/config/checks.hpp"
#include "core/config/text.hpp"
#include "core/config/topic_keys.hpp"
#include "core/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

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

/// -1 leaves the choice to the broker.
std::int32_t read_broker_id(const Values& values) {
    const std::string_view key = values.is_given("broker.id") ? "broker.id" : "node.id";
    return std::max(values.integer<std::int32_t>(key), 0);
}

std::vector<std::string> read_log_dirs(Values& values) {
    const std::string_view key = values.is_given("log.dirs") ? "log.dirs" : "log.dir";
    std::vector<std::string> dirs;
    for (const std::string_view dir : split_list(values.text(key))) {
        if (std::ranges::find(dirs, dir) != dirs.end()) {
            values.refuse(key, dir, "each folder once");
        }
        dirs.emplace_back(dir);
    }
    if (dirs.empty()) values.problem(key, values.text(key), "at least one folder");
    return dirs;
}

/// A negative time is none; so is one that a clock can't count.
std::int64_t read_idle_ms(const Values& values) {
    constexpr std::int64_t kCentury = std::int64_t{100} * 365 * 24 * 3600 * 1000;
    const std::int64_t idle = values.integer("connections.max.idle.ms");
    return idle < 0 ? kCentury : std::min(idle, kCentury);
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

GroupConfig read_groups(const Values& values) {
    GroupConfig groups;
    groups.members_max = values.integer<std::int32_t>("group.max.size");
    groups.initial_rebalance_delay_ms =
        values.integer<std::int32_t>("group.initial.rebalance.delay.ms");
    groups.session_ms_min = values.integer<std::int32_t>("group.min.session.timeout.ms");
    groups.session_ms_max = values.integer<std::int32_t>("group.max.session.timeout.ms");
    groups.metadata_bytes_max = values.integer<std::int32_t>("offset.metadata.max.bytes");
    groups.retention_minutes = values.integer<std::int32_t>("offsets.retention.minutes");
    groups.expiry_interval_ms = values.integer("offsets.retention.check.interval.ms");
    groups.commit_timeout_ms = values.integer<std::int32_t>("offsets.commit.timeout.ms");
    groups.codec = values.integer<std::int32_t>("offsets.topic.compression.codec");
    groups.topic_partitions = values.integer<std::int32_t>("offsets.topic.num.partitions");
    groups.topic_segment_bytes = values.integer<std::int32_t>("offsets.topic.segment.bytes");
    return groups;
}

void read_cleaner(const Values& values, CleanerConfig& config) {
    const auto number = [&values](std::string_view name) {
        return parse_double(values.text(name)).value_or(0);
    };
    config.enabled = values.flag("log.cleaner.enable");
    // Kafka's longest would be too long for a clock here.
    constexpr std::int64_t kCentury = std::int64_t{100} * 365 * 24 * 3600 * 1000;
    const std::int64_t backoff = values.integer("log.cleaner.backoff.ms");
    config.backoff = std::chrono::milliseconds(std::min(backoff, kCentury));
    config.dedupe_bytes = values.integer("log.cleaner.dedupe.buffer.size");
    config.load_factor = number("log.cleaner.io.buffer.load.factor");
    config.buffer_bytes = values.integer("log.cleaner.io.buffer.size");
    config.bytes_per_second = number("log.cleaner.io.max.bytes.per.second");
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
    config.given = properties;
    Values values(properties, reading);
    values.check_all();
    if (values.fine()) check_together(values);
    read_listeners(values, config);
    read_admin(values, config);
    config.broker_id = read_broker_id(values);
    config.log_dirs = read_log_dirs(values);
    read_log(values, config);
    read_topics(values, config);
    config.groups = read_groups(values);
    read_cleaner(values, config.cleaner);
    if (values.fine()) {
        check_topic_defaults(values, properties);
        config.topic = topic_defaults(properties);
    }
    config.request_bytes_max = values.integer<std::int32_t>("socket.request.max.bytes");
    config.fetch_bytes_max = values.integer<std::int32_t>("fetch.max.bytes");
    config.fetch_sessions_max =
        values.integer<std::int32_t>("max.incremental.fetch.session.cache.slots");
    config.connections_idle_ms_max = read_idle_ms(values);
    config.json_log = !values.is_first_choice("logger.format");
    return reading;
}

}  // namespace millrace
