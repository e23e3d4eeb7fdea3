#include "cluster/groups/group_members.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {

const Bytes& GroupMember::metadata(std::string_view protocol) const {
    const auto found = std::ranges::find(protocols, protocol, &GroupProtocol::name);
    expect(found != protocols.end(), "a member knows its group's protocol");
    return found->metadata;
}

GroupMember* GroupMembers::find(std::string_view id) {
    const auto found = numbers_.find(id);
    return found == numbers_.end() ? nullptr : &all_.at(found->second);
}

const GroupMember* GroupMembers::find(std::string_view id) const {
    const auto found = numbers_.find(id);
    return found == numbers_.end() ? nullptr : &all_.at(found->second);
}

const std::string* GroupMembers::id_of(std::string_view instance_id) const {
    const auto found = static_ids_.find(instance_id);
    return found == static_ids_.end() ? nullptr : &found->second;
}

bool GroupMembers::elect_joining_leader() {
    if (!leader_) return false;
    if (find(*leader_)->joining != nullptr) return true;
    const auto joins = [](const auto& each) { return each.second.joining != nullptr; };
    const auto next = std::ranges::find_if(all_, joins);
    if (next == all_.end()) return false;
    leader_ = next->second.id;
    return true;
}

GroupMember& GroupMembers::add(GroupMember member) {
    const std::uint64_t number = next_number_++;
    const bool is_first_of_id = numbers_.emplace(member.id, number).second;
    expect(is_first_of_id, "a member is added once");
    if (member.instance_id) static_ids_[*member.instance_id] = member.id;
    if (!leader_) leader_ = member.id;
    GroupMember& added = all_.emplace(number, std::move(member)).first->second;
    count_protocols(added, 1);
    return added;
}

void GroupMembers::remove(std::string_view id) {
    const auto found = numbers_.find(id);
    if (found == numbers_.end()) return;
    const GroupMember& member = all_.at(found->second);
    expect(!member.is_waiting(), "nobody waits with a member that goes");
    count_protocols(member, -1);
    if (member.instance_id) static_ids_.erase(*member.instance_id);
    const bool led = is_leader(id);
    all_.erase(found->second);
    numbers_.erase(found);
    if (!led) return;
    leader_.reset();
    if (!all_.empty()) leader_ = all_.begin()->second.id;
}

GroupMember& GroupMembers::rename(GroupMember& member, std::string id) {
    expect(!member.is_waiting(), "nobody waits with a member that is renamed");
    const auto known = numbers_.extract(member.id);
    if (is_leader(member.id)) leader_ = id;
    if (member.instance_id) static_ids_[*member.instance_id] = id;
    numbers_.emplace(id, known.mapped());
    member.id = std::move(id);
    return member;
}

void GroupMembers::update(GroupMember& member, std::vector<GroupProtocol> protocols,
                          std::int32_t rebalance_timeout_ms, std::int32_t session_timeout_ms) {
    count_protocols(member, -1);
    member.protocols = std::move(protocols);
    count_protocols(member, 1);
    member.rebalance_timeout_ms = rebalance_timeout_ms;
    member.session_timeout_ms = session_timeout_ms;
}

void GroupMembers::await_join(GroupMember& member, Reply<JoinAnswer>& reply) {
    // A client that asks again has given the first request up.
    answer_join(member, {.code = ErrorCode::kUnknownMemberId, .member_id = member.id});
    member.joining = &reply;
    ++joining_;
}

void GroupMembers::answer_join(GroupMember& member, JoinAnswer answer) {
    Reply<JoinAnswer>* const reply = std::exchange(member.joining, nullptr);
    if (reply == nullptr) return;
    --joining_;
    reply->tell(std::move(answer));
}

bool GroupMembers::answer_sync(GroupMember& member, SyncAnswer answer) {
    Reply<SyncAnswer>* const reply = std::exchange(member.syncing, nullptr);
    if (reply == nullptr) return false;
    reply->tell(std::move(answer));
    return true;
}

bool GroupMembers::share_any(const std::vector<GroupProtocol>& protocols) const {
    return std::ranges::any_of(protocols, [this](const GroupProtocol& each) {
        const auto known = known_by_.find(each.name);
        return (known == known_by_.end() ? 0 : known->second) == all_.size();
    });
}

std::string GroupMembers::select_protocol() const {
    std::map<std::string_view, std::size_t> votes;
    for (const auto& [number, member] : all_) {
        const auto wanted = std::ranges::find_if(
            member.protocols,
            [this](const GroupProtocol& each) { return known_by_.at(each.name) == all_.size(); });
        expect(wanted != member.protocols.end(), "members share a protocol");
        ++votes[wanted->name];
    }
    const auto fewer = [](const auto& left, const auto& right) {
        return left.second < right.second;
    };
    return std::string(std::ranges::max_element(votes, fewer)->first);
}

std::int32_t GroupMembers::rebalance_timeout_ms() const {
    std::int32_t longest = 0;
    for (const auto& [number, member] : all_) {
        longest = std::max(longest, member.rebalance_timeout_ms);
    }
    return longest;
}

/// A name that a member has twice counts once.
void GroupMembers::count_protocols(const GroupMember& member, int by) {
    std::set<std::string_view> names;
    for (const GroupProtocol& each : member.protocols) names.insert(each.name);
    for (const std::string_view name : names) {
        std::size_t& count = known_by_[std::string(name)];
        count = by > 0 ? count + 1 : count - 1;
        if (count == 0) known_by_.erase(known_by_.find(name));
    }
}

}  // namespace millrace
