// The members of one group: who they are, what they can do together, and who leads.
#pragma once

#include "cluster/groups/group_answers.hpp"
#include "cluster/groups/member_deadlines.hpp"

#include <map>
#include <set>

namespace millrace {

struct GroupMember : Expiring {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout_ms{};
    std::int32_t session_timeout_ms{};
    std::vector<GroupProtocol> protocols;
    Bytes assignment;
    bool is_new{};     // since the last generation: has no id to be alive by
    bool owes_sync{};  // was told of the generation, and hasn't asked for its share
    Reply<JoinAnswer>* joining{};
    Reply<SyncAnswer>* syncing{};

    bool is_static() const { return instance_id.has_value(); }
    bool is_waiting() const { return joining != nullptr || syncing != nullptr; }
    /// REQUIRES: the member knows the protocol.
    const Bytes& metadata(std::string_view protocol) const;
};

/// Owned by its group. Keeps the order in which members came.
class GroupMembers {
public:
    using All = std::map<std::uint64_t, GroupMember>;  // by number, in the order of joining

    All& all() { return all_; }
    const All& all() const { return all_; }
    bool empty() const { return all_.empty(); }
    std::size_t size() const { return all_.size(); }
    GroupMember* find(std::string_view id);
    const GroupMember* find(std::string_view id) const;
    /// The member that goes by `instance_id` now.
    const std::string* id_of(std::string_view instance_id) const;

    const std::optional<std::string>& leader() const { return leader_; }
    bool is_leader(std::string_view id) const { return leader_ && *leader_ == id; }
    void set_leader(std::string id) { leader_ = std::move(id); }
    /// The leader if it joins again, else the first who does. False: nobody does.
    bool elect_joining_leader();

    /// The first one leads. REQUIRES: neither its id nor its instance id is there.
    GroupMember& add(GroupMember member);
    /// Nobody waits with it. When it led, the next in the order of joining does.
    void remove(std::string_view id);
    /// The member keeps everything but its id. REQUIRES: nobody waits with it.
    GroupMember& rename(GroupMember& member, std::string id);
    void update(GroupMember& member, std::vector<GroupProtocol> protocols,
                std::int32_t rebalance_timeout_ms, std::int32_t session_timeout_ms);

    void await_join(GroupMember& member, Reply<JoinAnswer>& reply);
    /// Does nothing when it waits for none.
    void answer_join(GroupMember& member, JoinAnswer answer);
    /// False when it waits for none.
    static bool answer_sync(GroupMember& member, SyncAnswer answer);
    std::size_t joining() const { return joining_; }

    /// Every member knows one of `protocols`.
    bool share_any(const std::vector<GroupProtocol>& protocols) const;
    /// Of the protocols that all members know, the one that most of them want most. REQUIRES: there
    /// are members, and such a protocol.
    std::string select_protocol() const;
    std::int32_t rebalance_timeout_ms() const;  // the longest

private:
    void count_protocols(const GroupMember& member, int by);

    All all_;
    std::map<std::string, std::uint64_t, std::less<>> numbers_;   // by id
    std::map<std::string, std::string, std::less<>> static_ids_;  // by instance id
    std::map<std::string, std::size_t, std::less<>> known_by_;    // of each protocol
    std::optional<std::string> leader_;
    std::uint64_t next_number_{};
    std::size_t joining_{};
};

}  // namespace millrace
