// What a client may do, as responses say it: Kafka's AclOperation codes as bits.
//
// Without an authorizer every operation that a resource kind has is allowed.
#pragma once

#include <cstdint>

namespace millrace {

/// READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS.
inline constexpr std::int32_t kTopicOperations = 0b0000'1101'1111'1000;
/// CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, the two configs and IDEMPOTENT_WRITE.
inline constexpr std::int32_t kClusterOperations = 0b0001'1111'1010'0000;
/// READ, DELETE, DESCRIBE.
inline constexpr std::int32_t kGroupOperations = 0b0000'0001'0100'1000;

}  // namespace millrace
