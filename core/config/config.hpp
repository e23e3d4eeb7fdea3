// The broker's configuration, typed: built and checked once from server.properties, then passed by
// const reference. Whatever is wrong is listed completely, with what would be right.
#pragma once

#include "core/base/types.hpp"
#include "core/config/listeners.hpp"
#include "core/config/properties.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// When an append is answered: with its journal frame on stable storage, or written to the kernel.
enum class Durability { kFlush, kOs };
enum class DeliveryPath { kAuto, kSendfile, kRead };
enum class LogFormat { kText, kJson };

struct BrokerConfig {
    BrokerId broker_id{-1};  // -1: take the one of the log directories, or 0
    std::vector<Listener> listeners;
    std::vector<Listener> advertised_listeners;  // an empty host stands for this machine's name
    std::vector<std::string> log_dirs;

    std::int32_t num_partitions = 0;
    std::int32_t default_replication_factor = 0;
    std::int32_t min_insync_replicas = 0;
    bool auto_create_topics = false;

    std::int32_t segment_bytes = 0;
    std::int32_t index_interval_bytes = 0;
    std::int32_t index_bytes_max = 0;
    std::int64_t roll_ms = 0;
    std::int64_t retention_ms = 0;     // -1: no limit
    std::int64_t retention_bytes = 0;  // -1: no limit
    std::int64_t retention_check_interval_ms = 0;
    std::int64_t segment_delete_delay_ms = 0;
    bool cleanup_delete = false;
    bool cleanup_compact = false;
    std::int32_t recovery_threads_per_dir = 0;

    std::int32_t message_bytes_max = 0;
    std::string compression_type;
    bool log_append_time = false;
    std::int64_t timestamp_before_max_ms = 0;
    std::int64_t timestamp_after_max_ms = 0;

    std::int32_t request_bytes_max = 0;
    std::int32_t fetch_bytes_max = 0;
    std::int32_t fetch_session_slots = 0;
    std::int64_t connection_idle_max_ms = 0;
    std::int32_t socket_send_buffer_bytes = 0;     // -1: the kernel's choice
    std::int32_t socket_receive_buffer_bytes = 0;  // -1: the kernel's choice
    std::int32_t listen_backlog = 0;

    Durability durability = Durability::kFlush;
    std::int64_t journal_bytes = 0;
    std::optional<std::int64_t> cache_bytes;  // nothing: a quarter of the memory
    std::optional<std::int32_t> shards;       // nothing: one for each core
    DeliveryPath delivery_path = DeliveryPath::kAuto;
    LogFormat log_format = LogFormat::kText;

    /// All values that were given, as they were given; for answers to DescribeConfigs.
    Properties given;
};

/// A value that cannot be used. Passwords never appear in `value`.
struct ConfigProblem {
    std::string key;
    std::string value;
    std::string allowed;  // what would be right, or what to do

    std::string to_string() const;
};

struct ConfigOutcome {
    std::optional<BrokerConfig> config;  // present when there is no problem
    std::vector<ConfigProblem> problems;
    std::vector<std::string> warnings;
};

ConfigOutcome build_config(const Properties& given);

}  // namespace millrace
