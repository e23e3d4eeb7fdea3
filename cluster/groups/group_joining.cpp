// The joining half of Group: who comes in and how, and how a generation comes about.
#include "cluster/groups/group.hpp"

#include <algorithm>

namespace millrace {
namespace {

// How long a new member may wait for its first generation: nobody sees it die meanwhile.
constexpr std::int64_t kNewMemberWaitsMs = 5 * 60 * 1000;

JoinAnswer refused(ErrorCode code, std::string member_id = "") {
    return {.code = code, .member_id = std::move(member_id)};
}

GroupMember member_of(JoinWish wish, std::string id) {
    GroupMember member;
    member.id = std::move(id);
    member.instance_id = std::move(wish.instance_id);
    member.client_id = std::move(wish.client_id);
    member.client_host = std::move(wish.client_host);
    member.rebalance_timeout_ms = wish.rebalance_timeout_ms;
    member.session_timeout_ms = wish.session_timeout_ms;
    member.protocols = std::move(wish.protocols);
    return member;
}

}  // namespace

/// Above the limit only those are let in who are there already, of a group that gathers those who
/// have come by now.
bool Group::accepts(std::string_view member_id) const {
    const auto is_room = [this](std::size_t count) {
        return std::cmp_less(count, limits_.members_max);
    };
    const GroupMember* const member = members_->find(member_id);
    switch (state_) {
        case GroupState::kEmpty:
        case GroupState::kDead: return true;
        case GroupState::kPreparingRebalance:
            return (member != nullptr && member->joining != nullptr) ||
                   is_room(members_->joining());
        case GroupState::kCompletingRebalance:
        case GroupState::kStable: break;
    }
    return member != nullptr || is_room(members_->size());
}

bool Group::supports(const JoinWish& wish) const {
    if (is(GroupState::kEmpty)) return !wish.protocol_type.empty() && !wish.protocols.empty();
    return protocol_type_ && *protocol_type_ == wish.protocol_type &&
           members_->share_any(wish.protocols);
}

void Group::join(Moment now, JoinWish wish, Reply<JoinAnswer>& reply) {
    if (!accepts(wish.member_id)) {
        remove_member(wish.member_id);
        reply.tell(refused(ErrorCode::kGroupMaxSizeReached));
    } else if (is(GroupState::kDead)) {
        reply.tell(refused(ErrorCode::kCoordinatorNotAvailable, wish.member_id));
    } else if (!supports(wish)) {
        reply.tell(refused(ErrorCode::kInconsistentGroupProtocol, wish.member_id));
    } else if (wish.member_id.empty()) {
        join_new(now, std::move(wish), reply);
    } else {
        join_again(now, std::move(wish), reply);
    }
    complete_join_if_all_there(now);
}

void Group::join_new(Moment now, JoinWish wish, Reply<JoinAnswer>& reply) {
    const std::string* const old = wish.instance_id ? members_->id_of(*wish.instance_id) : nullptr;
    if (old != nullptr) return replace_static(now, std::string(*old), std::move(wish), reply);
    std::string id = wish.new_id;
    if (wish.instance_id || !wish.needs_known_id) {
        return add_and_rebalance(now, std::move(id), std::move(wish), reply);
    }
    Pending& pending = (*pending_)[id];
    pending.id = id;
    timing_->deadlines.set(pending, now.time + std::chrono::milliseconds(wish.session_timeout_ms));
    reply.tell(refused(ErrorCode::kMemberIdRequired, std::move(id)));
}

void Group::join_again(Moment now, JoinWish wish, Reply<JoinAnswer>& reply) {
    std::string id = wish.member_id;
    if (pending_->contains(id)) {
        // Static members are let in at once and never pend: a client that says so is at odds with
        // itself, and Kafka fails on it.
        if (wish.instance_id) return reply.tell(refused(ErrorCode::kUnknownServerError));
        return add_and_rebalance(now, std::move(id), std::move(wish), reply);
    }
    MemberClaim who{.member_id = id};
    if (wish.instance_id) who.instance_id = *wish.instance_id;
    const ErrorCode code = check(who);
    if (code != ErrorCode::kNone) return reply.tell(refused(code, std::move(id)));
    rejoin(now, *members_->find(id), std::move(wish), reply);
}

/// A member that changes nothing, and doesn't lead a stable group, has missed an answer only.
void Group::rejoin(Moment now, GroupMember& member, JoinWish wish, Reply<JoinAnswer>& reply) {
    const bool changes = member.protocols != wish.protocols;
    const bool leads = members_->is_leader(member.id);
    const bool knows = (is(GroupState::kCompletingRebalance) && !changes) ||
                       (is(GroupState::kStable) && !changes && !leads);
    if (knows) return reply.tell(answer_of(member));
    update_and_rebalance(now, member, std::move(wish), reply);
}

void Group::add_and_rebalance(Moment now, std::string id, JoinWish wish, Reply<JoinAnswer>& reply) {
    const auto pending = pending_->find(id);
    if (pending != pending_->end()) {
        timing_->deadlines.clear(pending->second);
        pending_->erase(pending);
    }
    if (is(GroupState::kPreparingRebalance) && generation_ == 0) timing_->more_came = true;
    if (members_->empty()) protocol_type_ = wish.protocol_type;
    GroupMember& member = members_->add(member_of(std::move(wish), std::move(id)));
    member.is_new = true;
    members_->await_join(member, reply);
    expect_sign(member, now, kNewMemberWaitsMs);
    rebalance_if_possible(now);
}

void Group::update_and_rebalance(Moment now, GroupMember& member, JoinWish wish,
                                 Reply<JoinAnswer>& reply) {
    members_->update(member, std::move(wish.protocols), wish.rebalance_timeout_ms,
                     wish.session_timeout_ms);
    members_->await_join(member, reply);
    rebalance_if_possible(now);
}

/// A program that was started again takes its former place: in a stable group without anybody
/// noticing, once that is stored.
void Group::replace_static(Moment now, std::string old_id, JoinWish wish,
                           Reply<JoinAnswer>& reply) {
    GroupStore store{.what = GroupStore::For::kStaticMember};
    store.before.leader = members_->leader().value_or("");
    store.before.id = old_id;
    store.member_id = wish.new_id;
    store.can_skip_assignment = wish.can_skip_assignment;
    GroupMember& member = *members_->find(old_id);
    store.before.rebalance_timeout_ms = member.rebalance_timeout_ms;
    store.before.session_timeout_ms = member.session_timeout_ms;
    members_->answer_join(member, refused(ErrorCode::kFencedInstanceId, old_id));
    GroupMembers::answer_sync(member, {.code = ErrorCode::kFencedInstanceId});
    // The former id may owe a sync, which nobody can send any more: as with Kafka the group is
    // divided anew when its time is over, and the successor stays.
    member.owes_sync = false;
    members_->rename(member, wish.new_id);
    expect_sign(member, now);
    members_->update(member, std::move(wish.protocols), wish.rebalance_timeout_ms,
                     wish.session_timeout_ms);
    members_->await_join(member, reply);
    if (is(GroupState::kCompletingRebalance)) return prepare_rebalance(now);
    if (!is(GroupState::kStable)) return;
    if (members_->select_protocol() != protocol_name_) return rebalance_if_possible(now);
    store.generation = generation_;
    store.value = to_record(nullptr);
    stores_.push_back(std::move(store));
}

JoinAnswer Group::answer_of(const GroupMember& member) const {
    JoinAnswer answer;
    answer.member_id = member.id;
    answer.generation = generation_;
    answer.protocol_type = protocol_type_;
    answer.protocol_name = protocol_name_;
    answer.leader = members_->leader().value_or("");
    if (!members_->is_leader(member.id)) return answer;
    for (const auto& [number, each] : members_->all()) {
        answer.members.push_back({each.id, each.instance_id, each.metadata(*protocol_name_)});
    }
    return answer;
}

bool Group::can_rebalance() const {
    return is(GroupState::kEmpty) || is(GroupState::kCompletingRebalance) ||
           is(GroupState::kStable);
}

void Group::rebalance_if_possible(Moment now) {
    if (can_rebalance()) prepare_rebalance(now);
}

void Group::prepare_rebalance(Moment now) {
    if (is(GroupState::kCompletingRebalance)) {
        for (auto& [number, member] : members_->all()) member.assignment.clear();
        propagate(now, ErrorCode::kRebalanceInProgress);
    }
    forget_syncs();
    const std::int32_t timeout = members_->rebalance_timeout_ms();
    timing_->gathers = is(GroupState::kEmpty);
    if (timing_->gathers) {
        timing_->gather_delay_ms = limits_.initial_delay_ms;
        timing_->gather_rest_ms = std::max(timeout - limits_.initial_delay_ms, 0);
    }
    const std::int32_t wait = timing_->gathers ? timing_->gather_delay_ms : timeout;
    timing_->join_due = now.time + std::chrono::milliseconds(wait);
    enter(GroupState::kPreparingRebalance, now);
}

void Group::complete_join_if_all_there(Moment now) {
    if (!is(GroupState::kPreparingRebalance) || timing_->gathers) return;
    if (members_->joining() == members_->size() && pending_->empty()) complete_join(now);
}

/// While members of a first generation come one after the other, it waits a little more.
void Group::on_join_time(Moment now) {
    const bool waits_on =
        timing_->gathers && std::exchange(timing_->more_came, false) && timing_->gather_rest_ms > 0;
    if (!waits_on) return complete_join(now);
    const std::int32_t delay = std::min(limits_.initial_delay_ms, timing_->gather_rest_ms);
    timing_->gather_rest_ms = std::max(timing_->gather_rest_ms - timing_->gather_delay_ms, 0);
    timing_->gather_delay_ms = delay;
    timing_->join_due = now.time + std::chrono::milliseconds(delay);
}

void Group::complete_join(Moment now) {
    timing_->gathers = false;
    std::vector<std::string> absent;
    for (const auto& [number, member] : members_->all()) {
        if (member.joining == nullptr && !member.is_static()) absent.push_back(member.id);
    }
    for (const std::string& id : absent) remove_member(id);
    if (!members_->elect_joining_leader() && !members_->empty()) {
        // Static members that all stay away: until their sessions end.
        timing_->join_due = now.time + std::chrono::milliseconds(members_->rebalance_timeout_ms());
        return;
    }
    begin_generation(now);
}

void Group::begin_generation(Moment now) {
    timing_->join_due.reset();
    timing_->more_came = false;
    ++generation_;
    if (members_->empty()) {
        protocol_name_.reset();
        enter(GroupState::kEmpty, now);
        note_subscribed();
        stores_.push_back({GroupStore::For::kEmptyGroup, generation_, to_record(nullptr)});
        return;
    }
    protocol_name_ = members_->select_protocol();
    enter(GroupState::kCompletingRebalance, now);
    note_subscribed();
    for (auto& [number, member] : members_->all()) {
        members_->answer_join(member, answer_of(member));
        member.is_new = false;
        expect_sign(member, now);
        member.owes_sync = true;
    }
    timing_->syncs_owed = members_->size();
    timing_->sync_due = now.time + std::chrono::milliseconds(members_->rebalance_timeout_ms());
}

void Group::take_sync(GroupMember& member) {
    if (std::exchange(member.owes_sync, false)) --timing_->syncs_owed;
    if (timing_->syncs_owed == 0) timing_->sync_due.reset();
}

void Group::forget_syncs() {
    for (auto& [number, member] : members_->all()) member.owes_sync = false;
    timing_->syncs_owed = 0;
    timing_->sync_due.reset();
}

void Group::on_sync_time(Moment now) {
    std::vector<std::string> silent;
    for (const auto& [number, member] : members_->all()) {
        if (member.owes_sync) silent.push_back(member.id);
    }
    for (const std::string& id : silent) remove_member(id);
    prepare_rebalance(now);
    complete_join_if_all_there(now);
}

}  // namespace millrace
