// What the keys of a topic's configuration come to: the broker's settings, with the topic's own
// laid over them.
#pragma once

#include <cstdint>
#include <limits>

namespace millrace {

/// `compression.type`; kProducer keeps what came.
enum class TopicCompression : std::uint8_t {
    kProducer,
    kUncompressed,
    kGzip,
    kSnappy,
    kLz4,
    kZstd
};

enum class TimestampType : std::uint8_t { kCreateTime, kLogAppendTime };

/// A member is named like its key. Times are milliseconds, sizes bytes; -1 is no limit where Kafka
/// says so.
struct TopicConfig {
    static constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

    // The segments.
    std::int32_t segment_bytes = 1 << 30;
    std::int64_t segment_ms = std::int64_t{7} * 24 * 3600 * 1000;
    std::int64_t segment_jitter_ms = 0;
    std::int32_t segment_index_bytes = 10 << 20;
    std::int32_t index_interval_bytes = 4096;
    std::int64_t flush_messages = kUnlimited;
    std::int64_t flush_ms = kUnlimited;
    std::int64_t file_delete_delay_ms = 60000;
    bool preallocate = false;

    // How long records stay.
    bool cleanup_by_deletion = true;
    bool cleanup_by_compaction = false;
    std::int64_t retention_bytes = -1;
    std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;
    std::int64_t delete_retention_ms = std::int64_t{24} * 3600 * 1000;
    std::int64_t min_compaction_lag_ms = 0;
    std::int64_t max_compaction_lag_ms = kUnlimited;
    double min_cleanable_dirty_ratio = 0.5;

    // What is taken, and as what it is kept.
    std::int32_t max_message_bytes = 1048588;
    TimestampType message_timestamp_type = TimestampType::kCreateTime;
    /// Stands in for each of the two below that is unlimited; readers need only those.
    std::int64_t message_timestamp_difference_max_ms = kUnlimited;
    std::int64_t message_timestamp_before_max_ms = kUnlimited;
    std::int64_t message_timestamp_after_max_ms = kUnlimited;
    TopicCompression compression_type = TopicCompression::kProducer;
    std::int32_t compression_gzip_level = -1;
    std::int32_t compression_lz4_level = 9;
    std::int32_t compression_zstd_level = 3;
    std::int32_t min_insync_replicas = 1;
    bool message_downconversion_enable = true;
    bool unclean_leader_election_enable = false;

    bool operator==(const TopicConfig&) const = default;
};

}  // namespace millrace
