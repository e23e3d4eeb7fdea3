#include "cluster/groups/group.hpp"

#include "cluster/groups/subscription.hpp"
#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {

std::string_view name_of(GroupState state) {
    switch (state) {
        case GroupState::kEmpty: return "Empty";
        case GroupState::kPreparingRebalance: return "PreparingRebalance";
        case GroupState::kCompletingRebalance: return "CompletingRebalance";
        case GroupState::kStable: return "Stable";
        case GroupState::kDead: break;
    }
    return "Dead";
}

Group::Group(std::string id, GroupLimits limits, Moment now)
    : id_(std::move(id)), limits_(limits), state_since_(now.wall) {}

Group::Group(std::string id, GroupLimits limits, const GroupMetadataValue& stored,
             std::int16_t version, Moment now)
    : id_(std::move(id)), limits_(limits), generation_(stored.generation) {
    state_ = stored.members.empty() ? GroupState::kEmpty : GroupState::kStable;
    if (stored.current_state_timestamp >= 0) state_since_ = stored.current_state_timestamp;
    if (!stored.protocol_type.empty()) protocol_type_ = stored.protocol_type;
    protocol_name_ = stored.protocol;
    for (const auto& each : stored.members) {
        GroupMember member;
        member.id = each.member_id;
        member.instance_id = each.group_instance_id;
        member.client_id = each.client_id;
        member.client_host = each.client_host;
        member.session_timeout_ms = each.session_timeout;
        member.rebalance_timeout_ms = version == 0 ? each.session_timeout : each.rebalance_timeout;
        member.protocols = {{stored.protocol.value_or(""),
                             Bytes(each.subscription.begin(), each.subscription.end())}};
        member.assignment = Bytes(each.assignment.begin(), each.assignment.end());
        GroupMember& added = members_->add(std::move(member));
        expect_sign(added, now);
    }
    if (stored.leader && members_->find(*stored.leader) != nullptr) {
        members_->set_leader(*stored.leader);
    }
    note_subscribed();
    const bool is_over = std::cmp_greater(members_->size(), limits_.members_max);
    if (is_over) prepare_rebalance(now);
}

void Group::enter(GroupState state, Moment now) {
    state_ = state;
    state_since_ = now.wall;
}

ErrorCode Group::heartbeat(Moment now, const MemberClaim& who) {
    const ErrorCode code = check_generation(who);
    if (code != ErrorCode::kNone) return code;
    expect_sign(*members_->find(who.member_id), now);
    // A member that has joined may begin with heartbeats before it knows its share.
    return is(GroupState::kPreparingRebalance) ? ErrorCode::kRebalanceInProgress : ErrorCode::kNone;
}

ErrorCode Group::leave(Moment now, const MemberClaim& who) {
    if (who.member_id.empty()) {
        const std::string* const id = who.instance_id ? members_->id_of(*who.instance_id) : nullptr;
        if (id == nullptr) return ErrorCode::kUnknownMemberId;
        remove_and_rebalance(now, std::string(*id));
        return ErrorCode::kNone;
    }
    const std::string id(who.member_id);
    if (pending_->contains(id)) {
        remove_pending(now, id);
        return ErrorCode::kNone;
    }
    const ErrorCode code = check(who);
    if (code == ErrorCode::kNone) remove_and_rebalance(now, id);
    return code;
}

ErrorCode Group::admit_commit(Moment now, const MemberClaim& who) {
    if (is(GroupState::kDead)) return ErrorCode::kCoordinatorNotAvailable;
    if (who.generation < 0 && is(GroupState::kEmpty)) return ErrorCode::kNone;
    const bool claims = who.generation >= 0 || !who.member_id.empty() || who.instance_id;
    if (!claims) {
        return is(GroupState::kEmpty) ? ErrorCode::kNone : ErrorCode::kUnknownMemberId;
    }
    const ErrorCode code = check_generation(who);
    if (code != ErrorCode::kNone) return code;
    if (is(GroupState::kCompletingRebalance)) return ErrorCode::kRebalanceInProgress;
    expect_sign(*members_->find(who.member_id), now);
    return ErrorCode::kNone;
}

void Group::leave_to_others(Moment now) {
    enter(GroupState::kDead, now);
    timing_->join_due.reset();
    timing_->sync_due.reset();
    for (auto& [number, member] : members_->all()) {
        timing_->deadlines.clear(member);
        members_->answer_join(member, {.code = ErrorCode::kNotCoordinator, .member_id = member.id});
        GroupMembers::answer_sync(member, {.code = ErrorCode::kNotCoordinator});
    }
    for (auto& [id, pending] : *pending_) timing_->deadlines.clear(pending);
    pending_->clear();
}

/// Kafka fences whoever uses an instance id that is somebody else's by now.
ErrorCode Group::check(const MemberClaim& who) const {
    if (who.instance_id) {
        const std::string* const id = members_->id_of(*who.instance_id);
        if (id == nullptr) return ErrorCode::kUnknownMemberId;
        if (*id != who.member_id) return ErrorCode::kFencedInstanceId;
    }
    return members_->find(who.member_id) == nullptr ? ErrorCode::kUnknownMemberId
                                                    : ErrorCode::kNone;
}

ErrorCode Group::check_generation(const MemberClaim& who) const {
    if (is(GroupState::kDead)) return ErrorCode::kCoordinatorNotAvailable;
    const ErrorCode code = check(who);
    if (code != ErrorCode::kNone) return code;
    return who.generation == generation_ ? ErrorCode::kNone : ErrorCode::kIllegalGeneration;
}

std::optional<Time> Group::next_deadline() const {
    std::optional<Time> next = timing_->deadlines.next();
    for (const std::optional<Time>& each : {timing_->join_due, timing_->sync_due}) {
        if (each && (!next || *each < *next)) next = each;
    }
    return next;
}

void Group::on_time(Moment now) {
    for (auto next = next_deadline(); next && *next <= now.time; next = next_deadline()) {
        // A session that ends with the wait for syncs ends first, as Kafka begins it first; what
        // others owe is forgotten with the generation then.
        if (timing_->join_due == next) {
            on_join_time(now);
        } else if (timing_->deadlines.next() != next) {
            on_sync_time(now);
        } else if (Expiring* const silent = timing_->deadlines.take_due(*next)) {
            on_silence(*silent, now);
        }
    }
}

void Group::on_silence(Expiring& who, Moment now) {
    for (const auto& [id, pending] : *pending_) {
        if (&pending == &who) return remove_pending(now, std::string(id));
    }
    const auto& member = static_cast<const GroupMember&>(who);
    // Who waits for the group is alive, until it is told; a new one can't show it in another way.
    if (!member.is_new && member.is_waiting()) return;
    remove_and_rebalance(now, std::string(member.id));
}

void Group::expect_sign(GroupMember& member, Moment now, std::int64_t within_ms) {
    if (!member.is_new && member.is_waiting()) return timing_->deadlines.clear(member);
    timing_->deadlines.set(member, now.time + std::chrono::milliseconds(within_ms));
}

/// Whoever waits with the member asks again, if it is there at all.
void Group::remove_member(std::string_view id) {
    GroupMember* const member = members_->find(id);
    if (member == nullptr) return;
    members_->answer_join(*member, {.code = ErrorCode::kUnknownMemberId});
    GroupMembers::answer_sync(*member, {.code = ErrorCode::kUnknownMemberId});
    take_sync(*member);
    timing_->deadlines.clear(*member);
    members_->remove(id);
}

void Group::remove_and_rebalance(Moment now, const std::string& id) {
    remove_member(id);
    rebalance_if_possible(now);
    complete_join_if_all_there(now);
}

void Group::remove_pending(Moment now, const std::string& id) {
    const auto found = pending_->find(id);
    if (found == pending_->end()) return;
    timing_->deadlines.clear(found->second);
    pending_->erase(found);
    complete_join_if_all_there(now);
}

void Group::rest() {
    const Group& self = *this;
    if (!self.members_->empty() || !self.pending_->empty() || self.next_deadline()) return;
    members_.reset();
    pending_.reset();
    subscribed_.reset();
    timing_.reset();
}

/// A consumer's subscription begins, in every version, as in the first. One that can't be read
/// leaves it open what the group reads; consumers that have all gone read nothing.
void Group::note_subscribed() {
    subscribed_.reset();
    knows_topics_ = false;
    if (!is_of_consumers() || (!members_->empty() && !protocol_name_)) return;
    for (const auto& [number, member] : members_->all()) {
        const auto wanted = subscribed_topics(member.metadata(*protocol_name_));
        if (!wanted) return subscribed_.reset();
        subscribed_->insert(wanted->begin(), wanted->end());
    }
    knows_topics_ = true;
}

/// The group as a record's value. Without `assignments` members keep the ones they have.
Bytes Group::to_record(const Assignments* assignments) const {
    GroupMetadataValue value;
    value.protocol_type = protocol_type_.value_or("");
    value.generation = generation_;
    value.protocol = protocol_name_;
    value.leader = members_->leader();
    value.current_state_timestamp = state_since_.value_or(-1);
    for (const auto& [number, member] : members_->all()) {
        auto& into = value.members.emplace_back();
        into.member_id = member.id;
        into.group_instance_id = member.instance_id;
        into.client_id = member.client_id;
        into.client_host = member.client_host;
        into.rebalance_timeout = member.rebalance_timeout_ms;
        into.session_timeout = member.session_timeout_ms;
        into.subscription = member.metadata(*protocol_name_);
        into.assignment = assignments == nullptr ? ByteView(member.assignment)
                                                 : ByteView(assignments->at(member.id));
    }
    Writer writer;
    writer.put(kGroupValueVersion);
    value.encode(writer, kGroupValueVersion);
    expect(writer.ok(), "a group can be stored");
    return writer.to_bytes();
}

}  // namespace millrace
