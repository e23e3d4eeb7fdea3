// The one table of APIs: what a ZooKeeper-mode 3.9 broker knows, and what of it is served here. It
// feeds ApiVersions responses, request headers and dispatch.
#pragma once

#include "protocol/wire.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace {

enum class ApiKey : std::int16_t {
    kProduce = 0,
    kFetch = 1,
    kListOffsets = 2,
    kMetadata = 3,
    kLeaderAndIsr = 4,
    kStopReplica = 5,
    kUpdateMetadata = 6,
    kControlledShutdown = 7,
    kOffsetCommit = 8,
    kOffsetFetch = 9,
    kFindCoordinator = 10,
    kJoinGroup = 11,
    kHeartbeat = 12,
    kLeaveGroup = 13,
    kSyncGroup = 14,
    kDescribeGroups = 15,
    kListGroups = 16,
    kSaslHandshake = 17,
    kApiVersions = 18,
    kCreateTopics = 19,
    kDeleteTopics = 20,
    kDeleteRecords = 21,
    kInitProducerId = 22,
    kOffsetForLeaderEpoch = 23,
    kAddPartitionsToTxn = 24,
    kAddOffsetsToTxn = 25,
    kEndTxn = 26,
    kWriteTxnMarkers = 27,
    kTxnOffsetCommit = 28,
    kDescribeAcls = 29,
    kCreateAcls = 30,
    kDeleteAcls = 31,
    kDescribeConfigs = 32,
    kAlterConfigs = 33,
    kAlterReplicaLogDirs = 34,
    kDescribeLogDirs = 35,
    kSaslAuthenticate = 36,
    kCreatePartitions = 37,
    kCreateDelegationToken = 38,
    kRenewDelegationToken = 39,
    kExpireDelegationToken = 40,
    kDescribeDelegationToken = 41,
    kDeleteGroups = 42,
    kElectLeaders = 43,
    kIncrementalAlterConfigs = 44,
    kAlterPartitionReassignments = 45,
    kListPartitionReassignments = 46,
    kOffsetDelete = 47,
    kDescribeClientQuotas = 48,
    kAlterClientQuotas = 49,
    kDescribeUserScramCredentials = 50,
    kAlterUserScramCredentials = 51,
    kAlterPartition = 56,
    kUpdateFeatures = 57,
    kEnvelope = 58,
    kDescribeCluster = 60,
    kDescribeProducers = 61,
    kDescribeTransactions = 65,
    kListTransactions = 66,
    kAllocateProducerIds = 67,
    kConsumerGroupHeartbeat = 68,
    kConsumerGroupDescribe = 69,
};

struct Api {
    ApiKey key;
    std::string_view name;
    VersionRange known;          // what Kafka 3.9 serves
    std::int16_t flexible_from;  // kNeverFlexible when no version is
    VersionRange served;         // what is advertised and dispatched here; empty when not served

    constexpr bool is_served() const { return served.min <= served.max; }
    constexpr bool is_flexible(std::int16_t version) const { return version >= flexible_from; }
};

/// All known APIs, in rising order of keys.
std::span<const Api> all_apis();

/// The API of a key off the wire, or null when a ZooKeeper-mode 3.9 broker has none such.
const Api* find_api(std::int16_t key);
inline const Api* find_api(ApiKey key) { return find_api(static_cast<std::int16_t>(key)); }

}  // namespace millrace
