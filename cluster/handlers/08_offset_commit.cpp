// OffsetCommit, versions 0-9.
//
// Answered when the offsets are durable. Topics and partitions that aren't there are refused one by
// one. Version 0 is for offsets in ZooKeeper, which a broker without one doesn't keep: it answers
// UNSUPPORTED_VERSION, as Kafka's does without. Versions 2 to 4 may say how long an offset is kept.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {
namespace {

constexpr std::int64_t kAsConfigured = -1;

/// A commit's lines, and their places in the response.
struct Commit {
    std::vector<CommitLine> lines;
    std::vector<std::pair<std::size_t, std::size_t>> places;
};

CommittedOffset offset_of(const OffsetCommitRequest& request,
                          const OffsetCommitRequest::RequestPartition& wanted, TimestampMs now) {
    CommittedOffset offset;
    offset.offset = wanted.committed_offset;
    offset.leader_epoch = wanted.committed_leader_epoch;
    offset.committed_at = wanted.commit_timestamp == -1 ? now : wanted.commit_timestamp;
    if (request.retention_time_ms != kAsConfigured) {
        offset.set_expires_at(now + request.retention_time_ms);
    }
    offset.set_metadata(wanted.committed_metadata.value_or(""));
    return offset;
}

/// What can be committed goes into lines; the rest is refused in the response.
Commit divide(const OffsetCommitRequest& request, const TopicsImage& image, TimestampMs now,
              OffsetCommitResponse& response) {
    Commit commit;
    for (const auto& topic : request.topics) {
        auto& told = response.topics.emplace_back();
        told.name = topic.name;
        for (const auto& wanted : topic.partitions) {
            told.partitions.push_back({wanted.partition_index, 0});
            if (!is_partition(image, topic.name, wanted.partition_index)) {
                told.partitions.back().error_code = raw(ErrorCode::kUnknownTopicOrPartition);
                continue;
            }
            commit.lines.push_back(
                {topic.name, wanted.partition_index, offset_of(request, wanted, now)});
            commit.places.emplace_back(response.topics.size() - 1, told.partitions.size() - 1);
        }
    }
    return commit;
}

void refuse_all(OffsetCommitResponse& response, ErrorCode code) {
    for (auto& topic : response.topics) {
        for (auto& partition : topic.partitions) partition.error_code = raw(code);
    }
}

}  // namespace

Task<OffsetCommitResponse> handle_offset_commit(BrokerContext& broker, RequestContext& context,
                                                const OffsetCommitRequest& request) {
    OffsetCommitResponse response;
    const auto image = broker.view.now();
    Commit commit = divide(request, *image, broker.world.wall_clock_ms(), response);
    if (commit.lines.empty()) co_return response;
    if (context.version() == 0) {
        refuse_all(response, ErrorCode::kUnsupportedVersion);
        co_return response;
    }
    const GroupRoute route = route_member_to(broker, context, request.group_id, true);
    if (route.code == ErrorCode::kNone) {
        const MemberClaim who{request.member_id, view_of(request.group_instance_id),
                              request.generation_id_or_member_epoch};
        const auto visit = [&request, &who, &commit](GroupCoordinator& there) {
            return there.commit(request.group_id, who, commit.lines);
        };
        auto call = visit_coordinator(broker, route, visit);
        co_await call.run();
    } else {
        for (CommitLine& each : commit.lines) each.code = route.code;
    }
    for (std::size_t i = 0; i < commit.lines.size(); ++i) {
        const auto [topic, partition] = commit.places[i];
        response.topics[topic].partitions[partition].error_code = raw(commit.lines[i].code);
    }
    co_return response;
}

}  // namespace millrace
