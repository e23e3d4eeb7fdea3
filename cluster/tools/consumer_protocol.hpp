// What the members of a consumer group tell each other through the broker, in the bytes of Kafka's
// consumers, so that ours and theirs share a group.
//
//   subscription   version i16, topics []string, user data bytes or null, from version 1 on the
//                  partitions owned so far: []{topic string, partitions []i32}
//   assignment     version i16, []{topic string, partitions []i32}, user data bytes or null
//
// Later versions go on behind these fields.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/types.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// Version 1, with nothing owned: a member of ours gives everything up before it joins again.
Bytes encode_subscription(const std::vector<std::string>& topics);

/// Version 1. The partitions of a topic stay together, in rising order.
Bytes encode_assignment(std::vector<TopicPartition> partitions);

/// Any version. Nothing when it is no assignment; no partitions when it is empty, as that of a
/// member that gets nothing may be.
std::optional<std::vector<TopicPartition>> decode_assignment(ByteView bytes);

/// A member as its leader sees it.
struct RangeMember {
    std::string id;
    std::optional<std::string> instance_id;
    std::vector<std::string> topics;
};

/// Kafka's range assignor: of each topic, the members that want it get neighbouring partitions, the
/// first ones one more when it doesn't come out even. Static members come first, by their instance
/// id; the others by their member id. By member id; every member has an entry.
std::map<std::string, std::vector<TopicPartition>> assign_ranges(
    std::vector<RangeMember> members, const std::map<std::string, std::int32_t>& partition_counts);

}  // namespace millrace
