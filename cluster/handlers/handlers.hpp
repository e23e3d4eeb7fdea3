// The handlers, one per API key; NN_name.cpp says what each answers.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "protocol/message/alter_configs.hpp"
#include "protocol/message/api_versions.hpp"
#include "protocol/message/consumer_group_describe.hpp"
#include "protocol/message/consumer_group_heartbeat.hpp"
#include "protocol/message/create_partitions.hpp"
#include "protocol/message/create_topics.hpp"
#include "protocol/message/delete_groups.hpp"
#include "protocol/message/delete_records.hpp"
#include "protocol/message/delete_topics.hpp"
#include "protocol/message/describe_cluster.hpp"
#include "protocol/message/describe_configs.hpp"
#include "protocol/message/describe_groups.hpp"
#include "protocol/message/describe_log_dirs.hpp"
#include "protocol/message/describe_producers.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/find_coordinator.hpp"
#include "protocol/message/heartbeat.hpp"
#include "protocol/message/incremental_alter_configs.hpp"
#include "protocol/message/init_producer_id.hpp"
#include "protocol/message/join_group.hpp"
#include "protocol/message/leave_group.hpp"
#include "protocol/message/list_groups.hpp"
#include "protocol/message/list_offsets.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/offset_commit.hpp"
#include "protocol/message/offset_delete.hpp"
#include "protocol/message/offset_fetch.hpp"
#include "protocol/message/offset_for_leader_epoch.hpp"
#include "protocol/message/produce.hpp"
#include "protocol/message/sync_group.hpp"

namespace millrace {

Task<ProduceResponse> handle_produce(BrokerContext& broker, RequestContext& context,
                                     const ProduceRequest& request);
Task<FetchResponse> handle_fetch(BrokerContext& broker, RequestContext& context,
                                 const FetchRequest& request);
Task<ListOffsetsResponse> handle_list_offsets(BrokerContext& broker, RequestContext& context,
                                              const ListOffsetsRequest& request);
Task<MetadataResponse> handle_metadata(BrokerContext& broker, RequestContext& context,
                                       const MetadataRequest& request);
Task<FindCoordinatorResponse> handle_find_coordinator(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const FindCoordinatorRequest& request);
Task<DescribeConfigsResponse> handle_describe_configs(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const DescribeConfigsRequest& request);
Task<AlterConfigsResponse> handle_alter_configs(BrokerContext& broker, RequestContext& context,
                                                const AlterConfigsRequest& request);
Task<IncrementalAlterConfigsResponse> handle_incremental_alter_configs(
    BrokerContext& broker, RequestContext& context, const IncrementalAlterConfigsRequest& request);
Task<CreateTopicsResponse> handle_create_topics(BrokerContext& broker, RequestContext& context,
                                                const CreateTopicsRequest& request);
Task<DeleteTopicsResponse> handle_delete_topics(BrokerContext& broker, RequestContext& context,
                                                const DeleteTopicsRequest& request);
Task<CreatePartitionsResponse> handle_create_partitions(BrokerContext& broker,
                                                        RequestContext& context,
                                                        const CreatePartitionsRequest& request);
Task<DeleteRecordsResponse> handle_delete_records(BrokerContext& broker, RequestContext& context,
                                                  const DeleteRecordsRequest& request);
Task<Result<EncodedResponse>> handle_api_versions(RequestContext& context, Reader& body);
Task<OffsetForLeaderEpochResponse> handle_offset_for_leader_epoch(
    BrokerContext& broker, RequestContext& context, const OffsetForLeaderEpochRequest& request);
Task<DescribeLogDirsResponse> handle_describe_log_dirs(BrokerContext& broker,
                                                       RequestContext& context,
                                                       const DescribeLogDirsRequest& request);
Task<DescribeClusterResponse> handle_describe_cluster(BrokerContext& broker,
                                                      RequestContext& context,
                                                      const DescribeClusterRequest& request);
Task<InitProducerIdResponse> handle_init_producer_id(BrokerContext& broker, RequestContext& context,
                                                     const InitProducerIdRequest& request);
Task<DescribeProducersResponse> handle_describe_producers(BrokerContext& broker,
                                                          RequestContext& context,
                                                          const DescribeProducersRequest& request);
Task<OffsetCommitResponse> handle_offset_commit(BrokerContext& broker, RequestContext& context,
                                                const OffsetCommitRequest& request);
Task<OffsetFetchResponse> handle_offset_fetch(BrokerContext& broker, RequestContext& context,
                                              const OffsetFetchRequest& request);
Task<JoinGroupResponse> handle_join_group(BrokerContext& broker, RequestContext& context,
                                          const JoinGroupRequest& request);
Task<HeartbeatResponse> handle_heartbeat(BrokerContext& broker, RequestContext& context,
                                         const HeartbeatRequest& request);
Task<LeaveGroupResponse> handle_leave_group(BrokerContext& broker, RequestContext& context,
                                            const LeaveGroupRequest& request);
Task<SyncGroupResponse> handle_sync_group(BrokerContext& broker, RequestContext& context,
                                          const SyncGroupRequest& request);
Task<DescribeGroupsResponse> handle_describe_groups(BrokerContext& broker, RequestContext& context,
                                                    const DescribeGroupsRequest& request);
Task<ListGroupsResponse> handle_list_groups(BrokerContext& broker, RequestContext& context,
                                            const ListGroupsRequest& request);
Task<DeleteGroupsResponse> handle_delete_groups(BrokerContext& broker, RequestContext& context,
                                                const DeleteGroupsRequest& request);
Task<OffsetDeleteResponse> handle_offset_delete(BrokerContext& broker, RequestContext& context,
                                                const OffsetDeleteRequest& request);
Task<ConsumerGroupHeartbeatResponse> handle_consumer_group_heartbeat(
    BrokerContext& broker, RequestContext& context, const ConsumerGroupHeartbeatRequest& request);
Task<ConsumerGroupDescribeResponse> handle_consumer_group_describe(
    BrokerContext& broker, RequestContext& context, const ConsumerGroupDescribeRequest& request);

/// A numeric address as Java writes one that it has no name for.
std::string java_address(std::string_view address);

}  // namespace millrace
