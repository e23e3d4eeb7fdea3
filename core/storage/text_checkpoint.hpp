// The small text files of a log directory and of a partition folder, as Kafka 3.9 reads and writes
// them: checkpoints of offsets, leader epochs, meta.properties, partition.metadata. Only text here;
// who calls reads and replaces the files.
#pragma once

#include "core/base/result.hpp"
#include "core/base/types.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// 22 characters of base64url, as Uuid::to_string() gives them.
std::optional<Uuid> parse_uuid(std::string_view text);

/// `topic-partition` as a folder name; nothing when it is no such name.
std::optional<TopicPartition> parse_folder_name(std::string_view name);

using OffsetCheckpoint = std::map<TopicPartition, Offset>;

std::string format_offset_checkpoint(const OffsetCheckpoint& entries);
/// kMalformed on an unknown version, a wrong count or a bad line.
Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text);

struct EpochStart {
    LeaderEpoch epoch;
    Offset start;

    bool operator==(const EpochStart&) const = default;
};

std::string format_leader_epochs(const std::vector<EpochStart>& entries);
Result<std::vector<EpochStart>> parse_leader_epochs(std::string_view text);

std::string format_partition_metadata(const Uuid& topic_id);
Result<Uuid> parse_partition_metadata(std::string_view text);

struct MetaProperties {
    std::int32_t broker_id{};
    std::string cluster_id;
    std::string directory_id;  // empty when the file has none
};

/// In the form of ZooKeeper mode (version 0).
std::string format_meta_properties(const MetaProperties& properties);
Result<MetaProperties> parse_meta_properties(std::string_view text);

}  // namespace millrace
