// A broker's configuration: read once from properties, checked key by key, then passed by
// reference. Whatever is wrong is listed completely, with what would be right.
#pragma once

#include "core/base/delivery_path.hpp"
#include "core/config/cleaner_config.hpp"
#include "core/config/listeners.hpp"
#include "core/config/properties.hpp"
#include "core/config/topic_config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// Of consumer groups and the offsets that they commit.
struct GroupConfig {
    std::int32_t members_max{};
    std::int32_t initial_rebalance_delay_ms{};
    std::int32_t session_ms_min{};
    std::int32_t session_ms_max{};
    std::int32_t metadata_bytes_max{};
    std::int32_t retention_minutes{};
    std::int64_t expiry_interval_ms{};
    std::int32_t commit_timeout_ms{};
    std::int32_t codec{};  // as in a batch's attributes
    std::int32_t topic_partitions{};
    std::int32_t topic_segment_bytes{};
};

struct BrokerConfig {
    std::int32_t broker_id{};
    std::vector<Endpoint> listeners;
    /// As many as listeners. An empty host: each client is told the one by which it has come. Port
    /// 0: the one that is bound.
    std::vector<Endpoint> advertised;
    /// Where figures and health are told over HTTP; nothing: nowhere.
    std::optional<Endpoint> admin;
    /// Nobody asked for that address, so a broker that finds it taken goes on without.
    bool admin_is_default{};
    std::vector<std::string> log_dirs;
    std::int32_t num_partitions{};
    std::int32_t default_replication_factor{};
    bool auto_create_topics{};
    bool delete_topics{};
    GroupConfig groups;
    TopicConfig topic;  // what a topic without keys of its own has
    CleanerConfig cleaner;
    std::int64_t retention_check_interval_ms{};
    std::int64_t initial_task_delay_ms{};
    std::int64_t flush_scheduler_interval_ms{};
    std::int32_t recovery_point_checkpoint_interval_ms{};
    std::int32_t start_offset_checkpoint_interval_ms{};
    std::int32_t producer_id_expiration_ms{};
    std::int32_t producer_id_expiration_check_interval_ms{};
    std::int32_t fetch_session_slots_max{};
    std::int32_t request_bytes_max{};
    std::int32_t fetch_bytes_max{};
    std::int32_t fetch_sessions_max{};
    std::int64_t connections_idle_ms_max{};
    bool flush_before_ack{};
    std::int64_t cache_bytes{};  // batches in memory, of all log directories
    DeliveryPath delivery{};
    std::int64_t journal_bytes{};  // of one log directory
    /// The least size of a journal file; no key, so that tests can have a small journal.
    std::int64_t journal_file_bytes_min{256 << 10};
    /// Files of a checkpoint that are synced each by itself; no key, so that tests can have few.
    std::int32_t files_synced_singly{512};
    bool direct_writes{};   // past the page cache where the filesystem can
    std::int32_t shards{};  // 0: one for each processor that the process may use
    bool json_log{};
    Properties given;  // all of it, as it was read
};

/// The outcome of reading a configuration: usable when `problems` is empty.
struct ConfigReading {
    BrokerConfig config;
    std::vector<std::string> problems;  // key, value, what is allowed or what to do
    /// How many of the problems Kafka wouldn't have: they ask for what isn't built here.
    std::size_t refusals{};
    std::vector<std::string> warnings;  // unknown keys, and keys that ask for what isn't done here
    std::string harmless;               // the keys that nothing here could need, if any are set
};

ConfigReading read_config(const Properties& properties);

}  // namespace millrace
