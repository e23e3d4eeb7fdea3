// A partition as a request names it: where its log is, or why nobody gets at it.
#pragma once

#include "cluster/replication/topics_image.hpp"
#include "protocol/error_code.hpp"

namespace millrace {

/// Of a client that doesn't say which leader epoch it believes in.
constexpr std::int32_t kAnyLeaderEpoch = -1;

/// The leader epoch that a client believes in against the one that there is.
inline ErrorCode check_leader_epoch(LeaderEpoch current, std::int32_t asked) {
    if (asked == kAnyLeaderEpoch || asked == current.value) return ErrorCode::kNone;
    return asked < current.value ? ErrorCode::kFencedLeaderEpoch : ErrorCode::kUnknownLeaderEpoch;
}

/// With kNone there is a log.
struct FoundLog {
    ErrorCode code = ErrorCode::kUnknownTopicOrPartition;
    LogPlace place{};
};

/// `topic` is null when there is none of that name. A log out of service is KAFKA_STORAGE_ERROR,
/// whatever the epoch.
inline FoundLog find_log(const TopicImage* topic, std::int32_t index, std::int32_t leader_epoch) {
    if (topic == nullptr || index < 0) return {};
    const auto place = static_cast<std::size_t>(index);
    if (place >= topic->partitions.size()) return {};
    if (topic->partitions[place].log == nullptr) return {ErrorCode::kKafkaStorageError, {}};
    return {check_leader_epoch(topic->leader_epoch, leader_epoch), topic->partitions[place]};
}

}  // namespace millrace
