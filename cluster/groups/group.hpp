// One group's life, as a state machine: members join, take their share of the work, and go; each
// event comes with its time.
//
//   Empty --join--> PreparingRebalance --all are there, or time is up--> CompletingRebalance
//   CompletingRebalance --the leader's division is stored--> Stable
//   Stable, CompletingRebalance --a member comes, changes, goes or dies--> PreparingRebalance
//   PreparingRebalance --nobody is left--> Empty          any --deleted or moved away--> Dead
//
// Answers and errors are those of Kafka's classic group protocol. What has to be stored before
// somebody is told is handed out by take_stores(), in order, and comes back with stored().
#pragma once

#include "cluster/groups/group_members.hpp"
#include "core/base/seldom.hpp"
#include "protocol/message/group_metadata_value.hpp"

#include <set>

namespace millrace {

enum class GroupState { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable, kDead };

/// Kafka's own name of the state.
std::string_view name_of(GroupState state);

/// The groups that are divided by Kafka's consumers' own rules.
inline constexpr std::string_view kConsumerProtocol = "consumer";
/// As what a group is stored: the newest version that isn't flexible, as a 3.9 broker does.
inline constexpr std::int16_t kGroupValueVersion = 3;

struct GroupLimits {
    std::int32_t members_max = std::numeric_limits<std::int32_t>::max();
    std::int32_t initial_delay_ms = 3'000;  // of the first generation, so that all can come
};

/// A state of the group that is to be stored: what it says, and what it is for.
struct GroupStore {
    enum class For { kAssignments, kEmptyGroup, kStaticMember };
    For what{};
    std::int32_t generation{};
    Bytes value;
    Assignments assignments{};  // of kAssignments
    // Of kStaticMember: how the member was before.
    struct Before {
        std::string id;
        std::string leader;
        std::int32_t rebalance_timeout_ms{};
        std::int32_t session_timeout_ms{};
    } before{};
    std::string member_id{};
    bool can_skip_assignment{};
};

/// Lives on one shard, owned by the coordinator there. Replies that it was given are told by it.
class Group {
public:
    using Topics = std::set<std::string, std::less<>>;

    Group(std::string id, GroupLimits limits, Moment now);
    /// As it was stored. Its members are alive until their sessions end.
    Group(std::string id, GroupLimits limits, const GroupMetadataValue& stored,
          std::int16_t version, Moment now);

    const std::string& id() const { return id_; }
    GroupState state() const { return state_; }
    bool is(GroupState state) const { return state_ == state; }
    std::int32_t generation() const { return generation_; }
    const std::optional<std::string>& protocol_type() const { return protocol_type_; }
    const std::optional<std::string>& protocol_name() const { return protocol_name_; }
    const GroupMembers& members() const { return *members_; }
    /// By the wall clock; nothing for a group of old, whose record doesn't say.
    std::optional<TimestampMs> state_since() const { return state_since_; }
    /// What its members read, as of the last generation, is known: of consumers whose
    /// subscriptions can be read.
    bool knows_topics() const { return knows_topics_; }
    /// As far as anybody knows.
    bool may_read(std::string_view topic) const {
        return !knows_topics_ || subscribed_->contains(topic);
    }
    bool is_of_consumers() const { return protocol_type_ && *protocol_type_ == kConsumerProtocol; }

    void join(Moment now, JoinWish wish, Reply<JoinAnswer>& reply);
    void sync(Moment now, SyncWish wish, Reply<SyncAnswer>& reply);
    ErrorCode heartbeat(Moment now, const MemberClaim& who);
    /// `who` without a generation; without a member id, whoever goes by the instance id.
    ErrorCode leave(Moment now, const MemberClaim& who);
    /// Whether the claimant may commit offsets. It is alive then.
    ErrorCode admit_commit(Moment now, const MemberClaim& who);
    /// Nothing is left of it: REQUIRES: nobody waits.
    void die(Moment now) { enter(GroupState::kDead, now); }
    /// The group is coordinated elsewhere or not at all; whoever waits is told NOT_COORDINATOR.
    void leave_to_others(Moment now);

    /// When on_time() has something to do, or looks whether it has.
    std::optional<Time> next_deadline() const;
    void on_time(Moment now);

    /// What the events so far want stored, in this order.
    std::vector<GroupStore> take_stores() { return std::exchange(stores_, {}); }
    void stored(Moment now, GroupStore store, ErrorCode code);

    /// Gives back the room that only members need, when there are none.
    void rest();

private:
    struct Pending : Expiring {
        std::string id;
    };

    /// What is to happen at its time.
    struct Timing {
        MemberDeadlines deadlines;
        std::optional<Time> join_due;  // of PreparingRebalance
        // Of an empty group's first members: how long it waits now, and may go on to.
        bool gathers{};
        std::int32_t gather_delay_ms{};
        std::int32_t gather_rest_ms{};
        bool more_came{};
        std::optional<Time> sync_due;  // of members that were told of the generation
        std::size_t syncs_owed{};
    };

    // Joining.
    bool accepts(std::string_view member_id) const;
    bool supports(const JoinWish& wish) const;
    void join_new(Moment now, JoinWish wish, Reply<JoinAnswer>& reply);
    void join_again(Moment now, JoinWish wish, Reply<JoinAnswer>& reply);
    void rejoin(Moment now, GroupMember& member, JoinWish wish, Reply<JoinAnswer>& reply);
    void replace_static(Moment now, std::string old_id, JoinWish wish, Reply<JoinAnswer>& reply);
    void add_and_rebalance(Moment now, std::string id, JoinWish wish, Reply<JoinAnswer>& reply);
    void update_and_rebalance(Moment now, GroupMember& member, JoinWish wish,
                              Reply<JoinAnswer>& reply);
    JoinAnswer answer_of(const GroupMember& member) const;

    // Rebalancing.
    bool can_rebalance() const;
    void rebalance_if_possible(Moment now);
    void prepare_rebalance(Moment now);
    void complete_join_if_all_there(Moment now);
    void on_join_time(Moment now);
    void complete_join(Moment now);
    void begin_generation(Moment now);
    void on_sync_time(Moment now);
    void take_sync(GroupMember& member);
    void forget_syncs();
    void propagate(Moment now, ErrorCode code);
    void assigned(Moment now, GroupStore store, ErrorCode code);
    void replaced(Moment now, GroupStore store, ErrorCode code);

    // Members.
    ErrorCode check(const MemberClaim& who) const;
    ErrorCode check_generation(const MemberClaim& who) const;
    void expect_sign(GroupMember& member, Moment now, std::int64_t within_ms);
    void expect_sign(GroupMember& member, Moment now) {
        expect_sign(member, now, member.session_timeout_ms);
    }
    void remove_member(std::string_view id);
    void remove_and_rebalance(Moment now, const std::string& id);
    void remove_pending(Moment now, const std::string& id);
    void on_silence(Expiring& who, Moment now);

    void enter(GroupState state, Moment now);
    void note_subscribed();
    Bytes to_record(const Assignments* assignments) const;

    const std::string id_;
    const GroupLimits limits_;
    GroupState state_ = GroupState::kEmpty;
    std::optional<TimestampMs> state_since_;
    std::int32_t generation_{};
    std::int32_t divided_ = -1;  // the generation whose division is being stored, or was
    bool knows_topics_{};
    std::optional<std::string> protocol_type_;
    std::optional<std::string> protocol_name_;
    // A broker may know very many groups without members.
    Seldom<GroupMembers> members_;
    Seldom<std::map<std::string, Pending, std::less<>>> pending_;  // are to come with their ids
    Seldom<Topics> subscribed_;
    Seldom<Timing> timing_;
    std::vector<GroupStore> stores_;
};

}  // namespace millrace
