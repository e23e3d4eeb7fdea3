// The small text files of a log directory that share one shape: a version line, a count line, one
// line per entry. Offset checkpoints hold "topic partition offset", leader-epoch-checkpoint holds
// "epoch start-offset". Reading is strict, because a wrong count means that something is lost.
#pragma once

#include "core/base/result.hpp"
#include "core/base/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

struct OffsetCheckpointEntry {
    TopicPartition partition;
    Offset offset;

    bool operator==(const OffsetCheckpointEntry&) const = default;
};

struct LeaderEpochEntry {
    LeaderEpoch epoch;
    Offset start_offset;

    bool operator==(const LeaderEpochEntry&) const = default;
};

std::string format_offset_checkpoint(const std::vector<OffsetCheckpointEntry>& entries);
std::string format_leader_epochs(const std::vector<LeaderEpochEntry>& entries);

/// kUnsupportedVersion for a version other than 0, kMalformed for anything else that is wrong.
Result<std::vector<OffsetCheckpointEntry>> parse_offset_checkpoint(std::string_view text);

/// The same, and kMalformed when epochs or start offsets do not rise.
Result<std::vector<LeaderEpochEntry>> parse_leader_epochs(std::string_view text);

}  // namespace millrace
