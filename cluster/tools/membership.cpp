#include "cluster/tools/membership.hpp"

#include "cluster/groups/subscription.hpp"
#include "core/runtime/timer.hpp"
#include "protocol/message/heartbeat.hpp"
#include "protocol/message/leave_group.hpp"
#include "protocol/message/sync_group.hpp"

#include <utility>

namespace millrace {
namespace {

constexpr std::string_view kProtocolType = "consumer";
constexpr std::string_view kAssignor = "range";
constexpr std::int32_t kSessionMs = 45'000;
constexpr std::int32_t kRebalanceMs = 60'000;
constexpr Duration kBetweenHeartbeats = std::chrono::seconds(3);
constexpr Duration kBetweenQuestions = std::chrono::milliseconds(100);
constexpr int kRefusalsMax = 300;
constexpr std::int16_t kMembersFrom = 3;
constexpr std::int16_t kNamedProtocolFrom = 5;

/// Of a member whom the group doesn't know any more.
bool is_of_stranger(ErrorCode code) {
    return code == ErrorCode::kUnknownMemberId || code == ErrorCode::kFencedInstanceId;
}

bool is_of_another_generation(ErrorCode code) {
    return code == ErrorCode::kRebalanceInProgress || code == ErrorCode::kIllegalGeneration;
}

Failure refusal(const std::string& group, ErrorCode code) {
    if (code == ErrorCode::kInconsistentGroupProtocol) {
        return refused("group " + group +
                       ": its members divide partitions in a way that isn't known here; all "
                       "members have to know the range assignor");
    }
    return refused_by_kafka("group " + group, raw(code));
}

}  // namespace

Task<Outcome<JoinGroupResponse>> Membership::ask_to_join() {
    const auto link = co_await cluster_.coordinator(group_);
    if (!link) co_return link.error();
    const Bytes subscription = encode_subscription(topics_);
    JoinGroupRequest request;
    request.group_id = group_;
    request.session_timeout_ms = kSessionMs;
    request.rebalance_timeout_ms = kRebalanceMs;
    request.member_id = id_;
    request.protocol_type = kProtocolType;
    auto& protocol = request.protocols.emplace_back();
    protocol.name = kAssignor;
    protocol.metadata = subscription;
    co_return co_await (*link)->ask<JoinGroupResponse>(request);
}

Task<Outcome<std::vector<TopicPartition>>> Membership::join() {
    for (int i = 0; i < kRefusalsMax; ++i) {
        const auto joined = co_await ask_to_join();
        if (!joined) co_return joined.error();
        const auto code = static_cast<ErrorCode>(joined->error_code);
        if (code == ErrorCode::kNone) {
            id_ = joined->member_id;
            generation_ = joined->generation_id;
            bool again = false;
            const auto share = co_await sync(*joined, again);
            if (!again) co_return share;
            continue;
        }
        if (code == ErrorCode::kMemberIdRequired) {
            id_ = joined->member_id;
            continue;
        }
        if (is_of_stranger(code)) {
            id_.clear();
            continue;
        }
        if (!is_retriable(code)) co_return refusal(group_, code);
        co_await sleep_for(cluster_.world(), kBetweenQuestions);
    }
    co_return refused("group " + group_ + " doesn't come to rest");
}

Task<Outcome<std::map<std::string, Bytes>>> Membership::divide(const JoinGroupResponse& joined) {
    std::map<std::string, Bytes> shares;
    if (joined.leader != joined.member_id || joined.skip_assignment) co_return shares;
    std::vector<RangeMember> members;
    for (const auto& each : joined.members) {
        members.push_back({each.member_id, each.group_instance_id,
                           subscribed_topics(each.metadata).value_or(std::vector<std::string>())});
    }
    // `joined` may be gone after that.
    const auto topics = co_await cluster_.all_topics();
    if (!topics) co_return topics.error();
    std::map<std::string, std::int32_t> counts;
    for (const Cluster::Topic& each : *topics) {
        counts[each.name.value_or("")] = static_cast<std::int32_t>(each.partitions.size());
    }
    for (const auto& [member, partitions] : assign_ranges(members, counts)) {
        shares[member] = encode_assignment(partitions);
    }
    co_return shares;
}

Task<Outcome<std::vector<TopicPartition>>> Membership::sync(const JoinGroupResponse& joined,
                                                            bool& again) {
    const auto shares = co_await divide(joined);
    if (!shares) co_return shares.error();
    const auto link = co_await cluster_.coordinator(group_);
    if (!link) co_return link.error();
    SyncGroupRequest request;
    request.group_id = group_;
    request.generation_id = generation_;
    request.member_id = id_;
    if ((*link)->version_of<SyncGroupRequest>().value_or(0) >= kNamedProtocolFrom) {
        request.protocol_type = kProtocolType;
        request.protocol_name = kAssignor;
    }
    for (const auto& [member, share] : *shares) {
        request.assignments.push_back({member, share});
    }
    const auto response = co_await (*link)->ask<SyncGroupResponse>(request);
    if (!response) co_return response.error();
    const auto code = static_cast<ErrorCode>(response->error_code);
    const bool is_stranger = is_of_stranger(code);
    if (is_stranger) id_.clear();
    again = is_stranger || is_of_another_generation(code) ||
            (code != ErrorCode::kNone && is_retriable(code));
    if (code != ErrorCode::kNone) co_return refusal(group_, code);
    next_heartbeat_ = cluster_.world().now() + kBetweenHeartbeats;
    auto share = decode_assignment(response->assignment);
    if (!share) co_return refused("group " + group_ + ": the leader's division can't be read");
    co_return std::move(*share);
}

Task<Outcome<bool>> Membership::stay() {
    if (cluster_.world().now() < next_heartbeat_) co_return false;
    next_heartbeat_ = cluster_.world().now() + kBetweenHeartbeats;
    const auto link = co_await cluster_.coordinator(group_);
    if (!link) co_return link.error();
    HeartbeatRequest request;
    request.group_id = group_;
    request.generation_id = generation_;
    request.member_id = id_;
    const auto response = co_await (*link)->ask<HeartbeatResponse>(request);
    if (!response) co_return response.error();
    const auto code = static_cast<ErrorCode>(response->error_code);
    if (code == ErrorCode::kNone) co_return false;
    const bool is_stranger = is_of_stranger(code);
    if (is_stranger) id_.clear();
    if (is_stranger || is_of_another_generation(code)) co_return true;
    if (is_retriable(code)) co_return false;
    co_return refusal(group_, code);
}

Task<Outcome<ErrorCode>> Membership::commit(const Offsets& offsets) {
    const auto code = co_await commit_offsets(cluster_, group_, id_, generation_, offsets);
    if (!code) co_return code.error();
    const bool goes_on = *code == ErrorCode::kNone || is_of_stranger(*code) ||
                         is_of_another_generation(*code) || is_retriable(*code);
    if (!goes_on) co_return refusal(group_, *code);
    co_return *code;
}

Task<> Membership::leave() {
    if (id_.empty()) co_return;
    const auto link = co_await cluster_.coordinator(group_);
    if (!link) co_return;
    LeaveGroupRequest request;
    request.group_id = group_;
    if ((*link)->version_of<LeaveGroupRequest>().value_or(0) >= kMembersFrom) {
        request.members.emplace_back().member_id = id_;
    } else {
        request.member_id = id_;
    }
    (void)co_await (*link)->ask<LeaveGroupResponse>(request);
    id_.clear();
}

}  // namespace millrace
