// The half of Group behind a join: the leader's division is stored, and every member gets its
// share.
#include "cluster/groups/group.hpp"

namespace millrace {

void Group::sync(Moment now, SyncWish wish, Reply<SyncAnswer>& reply) {
    ErrorCode code = check_generation(wish.who);
    const auto differs = [](const auto& asked, const std::optional<std::string>& is) {
        return asked && (!is || *asked != *is);
    };
    const bool is_other =
        differs(wish.protocol_type, protocol_type_) || differs(wish.protocol_name, protocol_name_);
    if (code == ErrorCode::kNone && is_other) code = ErrorCode::kInconsistentGroupProtocol;
    if (code == ErrorCode::kNone && is(GroupState::kPreparingRebalance)) {
        code = ErrorCode::kRebalanceInProgress;
    }
    if (code != ErrorCode::kNone) return reply.tell({.code = code});
    GroupMember& member = *members_->find(wish.who.member_id);
    take_sync(member);
    if (is(GroupState::kStable)) {
        expect_sign(member, now);
        return reply.tell({ErrorCode::kNone, protocol_type_, protocol_name_, member.assignment});
    }
    // A client that asks again has given the first request up.
    GroupMembers::answer_sync(member, {.code = ErrorCode::kUnknownMemberId});
    member.syncing = &reply;
    if (!members_->is_leader(member.id)) return;
    // Members are told the first division, and a restart believes the last one that was stored.
    if (std::exchange(divided_, generation_) == generation_) return;
    GroupStore store{.what = GroupStore::For::kAssignments, .generation = generation_};
    for (const auto& [number, each] : members_->all()) {
        const auto share = wish.assignments.find(each.id);
        const bool has_one = share != wish.assignments.end();
        store.assignments.emplace(each.id, has_one ? std::move(share->second) : Bytes());
    }
    store.value = to_record(&store.assignments);
    stores_.push_back(std::move(store));
}

/// Tells everybody who waits for a share.
void Group::propagate(Moment now, ErrorCode code) {
    SyncAnswer answer{.code = code};
    if (code == ErrorCode::kNone) {
        answer.protocol_type = protocol_type_;
        answer.protocol_name = protocol_name_;
    }
    for (auto& [number, member] : members_->all()) {
        answer.assignment = member.assignment;
        if (GroupMembers::answer_sync(member, answer)) expect_sign(member, now);
    }
}

/// Another generation may have begun meanwhile, or another program taken the member's place.
void Group::stored(Moment now, GroupStore store, ErrorCode code) {
    switch (store.what) {
        case GroupStore::For::kEmptyGroup: return;
        case GroupStore::For::kAssignments: return assigned(now, std::move(store), code);
        case GroupStore::For::kStaticMember: return replaced(now, std::move(store), code);
    }
}

void Group::assigned(Moment now, GroupStore store, ErrorCode code) {
    const bool is_current = is(GroupState::kCompletingRebalance) && store.generation == generation_;
    if (!is_current) return;
    for (auto& [number, member] : members_->all()) {
        const auto share = store.assignments.find(member.id);
        const bool gets_it = code == ErrorCode::kNone && share != store.assignments.end();
        member.assignment = gets_it ? std::move(share->second) : Bytes();
    }
    propagate(now, code);
    if (code == ErrorCode::kNone) return enter(GroupState::kStable, now);
    prepare_rebalance(now);
    complete_join_if_all_there(now);
}

void Group::replaced(Moment now, GroupStore store, ErrorCode code) {
    GroupMember* const member = members_->find(store.member_id);
    if (member == nullptr || member->joining == nullptr) return;
    JoinAnswer answer;
    if (code != ErrorCode::kNone) {
        answer = {.code = code, .generation = generation_};
        answer.protocol_type = protocol_type_;
        answer.protocol_name = protocol_name_;
        answer.leader = store.before.leader;
        members_->answer_join(*member, std::move(answer));
        members_->rename(*member, store.before.id);
        members_->update(*member, member->protocols, store.before.rebalance_timeout_ms,
                         store.before.session_timeout_ms);
        return expect_sign(*member, now);
    }
    // Whoever was told before that it leads would divide a group that is stable.
    answer = answer_of(*member);
    answer.skip_assignment = store.can_skip_assignment && members_->is_leader(member->id);
    if (!store.can_skip_assignment) {
        answer.leader = store.before.leader;
        answer.members.clear();
    }
    members_->answer_join(*member, std::move(answer));
    // It has what is left of its former session to show itself.
    if (!member->has_deadline()) expect_sign(*member, now);
}

}  // namespace millrace
