// What a cluster knows of its consumer groups: who is in them, what they have committed, how far
// that is from the ends.
#pragma once

#include "cluster/tools/cluster.hpp"
#include "cluster/tools/offsets.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct ListedGroup {
    std::string id;
    std::string state;  // empty where the brokers are too old to tell
    std::string protocol_type;
    std::int32_t coordinator{};
};

/// Of all brokers, by name.
Task<Outcome<std::vector<ListedGroup>>> list_groups(Cluster& cluster);

/// Somebody in a group, and what it has been given.
struct GroupMemberFacts {
    std::string id;
    std::string instance_id;  // empty for a dynamic member
    std::string client_id;
    std::string host;
    std::vector<TopicPartition> partitions;
};

struct GroupFacts {
    std::string id;
    std::string state;
    std::string assignor;  // empty while nobody is in it
    std::int32_t coordinator{};
    std::vector<GroupMemberFacts> members;
    Offsets committed;
    Offsets ends;  // of what is committed or given to somebody, where there is a leader

    /// How many offsets the group has left to read of the partition; nothing where it has committed
    /// nothing, or where the end isn't known.
    std::optional<std::int64_t> lag_of(const TopicPartition& partition) const;
    /// Of those where it is known.
    std::optional<std::int64_t> total_lag() const;
    /// Null when nobody has it.
    const GroupMemberFacts* owner_of(const TopicPartition& partition) const;
    /// All that is committed or given to somebody.
    std::vector<TopicPartition> partitions() const;
};

/// "2 members"
std::string members_in_words(const GroupFacts& group);
/// What can't be done while somebody is in the group.
Failure in_use(const GroupFacts& group);

/// State and members; committed offsets and ends aren't asked for. A group that isn't there is a
/// failure that names the nearest.
Task<Outcome<GroupFacts>> find_group(Cluster& cluster, const std::string& id);
/// All of it.
Task<Outcome<GroupFacts>> describe_group(Cluster& cluster, const std::string& id);

/// All that the group has committed. -1 is left out.
Task<Outcome<Offsets>> fetch_committed(Cluster& cluster, const std::string& group);

/// Commits as `member` of a generation, or as nobody with -1 and an empty id. The first code that
/// isn't NONE; Failure for a broken connection.
Task<Outcome<ErrorCode>> commit_offsets(Cluster& cluster, const std::string& group,
                                        const std::string& member, std::int32_t generation,
                                        const Offsets& offsets);

}  // namespace millrace
