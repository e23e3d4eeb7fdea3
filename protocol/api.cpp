#include "protocol/api.hpp"

#include <algorithm>
#include <iterator>

namespace millrace {
namespace {

constexpr VersionRange kNotServed{};

constexpr Api kApis[] = {
    {ApiKey::kProduce, "Produce", {0, 11}, 9, {0, 11}},
    {ApiKey::kFetch, "Fetch", {0, 17}, 12, {0, 17}},
    {ApiKey::kListOffsets, "ListOffsets", {0, 9}, 6, {0, 9}},
    {ApiKey::kMetadata, "Metadata", {0, 12}, 9, {0, 12}},
    {ApiKey::kLeaderAndIsr, "LeaderAndIsr", {0, 7}, 4, kNotServed},
    {ApiKey::kStopReplica, "StopReplica", {0, 4}, 2, kNotServed},
    {ApiKey::kUpdateMetadata, "UpdateMetadata", {0, 8}, 6, kNotServed},
    {ApiKey::kControlledShutdown, "ControlledShutdown", {0, 3}, 3, kNotServed},
    {ApiKey::kOffsetCommit, "OffsetCommit", {0, 9}, 8, {0, 9}},
    {ApiKey::kOffsetFetch, "OffsetFetch", {0, 9}, 6, {0, 9}},
    {ApiKey::kFindCoordinator, "FindCoordinator", {0, 6}, 3, {0, 6}},
    {ApiKey::kJoinGroup, "JoinGroup", {0, 9}, 6, {0, 9}},
    {ApiKey::kHeartbeat, "Heartbeat", {0, 4}, 4, {0, 4}},
    {ApiKey::kLeaveGroup, "LeaveGroup", {0, 5}, 4, {0, 5}},
    {ApiKey::kSyncGroup, "SyncGroup", {0, 5}, 4, {0, 5}},
    {ApiKey::kDescribeGroups, "DescribeGroups", {0, 5}, 5, {0, 5}},
    {ApiKey::kListGroups, "ListGroups", {0, 5}, 3, {0, 5}},
    {ApiKey::kSaslHandshake, "SaslHandshake", {0, 1}, kNeverFlexible, kNotServed},
    {ApiKey::kApiVersions, "ApiVersions", {0, 4}, 3, {0, 4}},
    {ApiKey::kCreateTopics, "CreateTopics", {0, 7}, 5, {0, 7}},
    {ApiKey::kDeleteTopics, "DeleteTopics", {0, 6}, 4, {0, 6}},
    {ApiKey::kDeleteRecords, "DeleteRecords", {0, 2}, 2, {0, 2}},
    {ApiKey::kInitProducerId, "InitProducerId", {0, 5}, 2, {0, 5}},
    {ApiKey::kOffsetForLeaderEpoch, "OffsetForLeaderEpoch", {0, 4}, 4, {0, 4}},
    {ApiKey::kAddPartitionsToTxn, "AddPartitionsToTxn", {0, 5}, 3, kNotServed},
    {ApiKey::kAddOffsetsToTxn, "AddOffsetsToTxn", {0, 4}, 3, kNotServed},
    {ApiKey::kEndTxn, "EndTxn", {0, 4}, 3, kNotServed},
    {ApiKey::kWriteTxnMarkers, "WriteTxnMarkers", {0, 1}, 1, kNotServed},
    {ApiKey::kTxnOffsetCommit, "TxnOffsetCommit", {0, 4}, 3, kNotServed},
    {ApiKey::kDescribeAcls, "DescribeAcls", {0, 3}, 2, kNotServed},
    {ApiKey::kCreateAcls, "CreateAcls", {0, 3}, 2, kNotServed},
    {ApiKey::kDeleteAcls, "DeleteAcls", {0, 3}, 2, kNotServed},
    {ApiKey::kDescribeConfigs, "DescribeConfigs", {0, 4}, 4, {0, 4}},
    {ApiKey::kAlterConfigs, "AlterConfigs", {0, 2}, 2, {0, 2}},
    {ApiKey::kAlterReplicaLogDirs, "AlterReplicaLogDirs", {0, 2}, 2, kNotServed},
    {ApiKey::kDescribeLogDirs, "DescribeLogDirs", {0, 4}, 2, {0, 4}},
    {ApiKey::kSaslAuthenticate, "SaslAuthenticate", {0, 2}, 2, kNotServed},
    {ApiKey::kCreatePartitions, "CreatePartitions", {0, 3}, 2, {0, 3}},
    {ApiKey::kCreateDelegationToken, "CreateDelegationToken", {0, 3}, 2, kNotServed},
    {ApiKey::kRenewDelegationToken, "RenewDelegationToken", {0, 2}, 2, kNotServed},
    {ApiKey::kExpireDelegationToken, "ExpireDelegationToken", {0, 2}, 2, kNotServed},
    {ApiKey::kDescribeDelegationToken, "DescribeDelegationToken", {0, 3}, 2, kNotServed},
    {ApiKey::kDeleteGroups, "DeleteGroups", {0, 2}, 2, {0, 2}},
    {ApiKey::kElectLeaders, "ElectLeaders", {0, 2}, 2, kNotServed},
    {ApiKey::kIncrementalAlterConfigs, "IncrementalAlterConfigs", {0, 1}, 1, {0, 1}},
    {ApiKey::kAlterPartitionReassignments, "AlterPartitionReassignments", {0, 0}, 0, kNotServed},
    {ApiKey::kListPartitionReassignments, "ListPartitionReassignments", {0, 0}, 0, kNotServed},
    {ApiKey::kOffsetDelete, "OffsetDelete", {0, 0}, kNeverFlexible, {0, 0}},
    {ApiKey::kDescribeClientQuotas, "DescribeClientQuotas", {0, 1}, 1, kNotServed},
    {ApiKey::kAlterClientQuotas, "AlterClientQuotas", {0, 1}, 1, kNotServed},
    {ApiKey::kDescribeUserScramCredentials, "DescribeUserScramCredentials", {0, 0}, 0, kNotServed},
    {ApiKey::kAlterUserScramCredentials, "AlterUserScramCredentials", {0, 0}, 0, kNotServed},
    {ApiKey::kAlterPartition, "AlterPartition", {0, 3}, 0, kNotServed},
    {ApiKey::kUpdateFeatures, "UpdateFeatures", {0, 1}, 0, kNotServed},
    {ApiKey::kEnvelope, "Envelope", {0, 0}, 0, kNotServed},
    {ApiKey::kDescribeCluster, "DescribeCluster", {0, 1}, 0, {0, 1}},
    {ApiKey::kDescribeProducers, "DescribeProducers", {0, 0}, 0, {0, 0}},
    {ApiKey::kDescribeTransactions, "DescribeTransactions", {0, 0}, 0, kNotServed},
    {ApiKey::kListTransactions, "ListTransactions", {0, 1}, 0, kNotServed},
    {ApiKey::kAllocateProducerIds, "AllocateProducerIds", {0, 0}, 0, kNotServed},
    {ApiKey::kConsumerGroupHeartbeat, "ConsumerGroupHeartbeat", {0, 0}, 0, {0, 0}},
    {ApiKey::kConsumerGroupDescribe, "ConsumerGroupDescribe", {0, 0}, 0, {0, 0}},
};

}  // namespace

std::span<const Api> all_apis() { return kApis; }

const Api* find_api(std::int16_t key) {
    const auto* found = std::ranges::lower_bound(kApis, static_cast<ApiKey>(key), {}, &Api::key);
    return found != std::end(kApis) && found->key == static_cast<ApiKey>(key) ? found : nullptr;
}

}  // namespace millrace
