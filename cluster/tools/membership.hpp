// Being a member of a consumer group: joining, getting a share, staying, leaving.
#pragma once

#include "cluster/tools/consumer_protocol.hpp"
#include "cluster/tools/group_facts.hpp"
#include "protocol/message/join_group.hpp"

namespace millrace {

/// Lives on one shard. The group may be shared with Kafka's own consumers, as long as one of them
/// knows the range assignor, which is all that is known here.
class Membership {
public:
    Membership(Cluster& cluster, std::string group, std::vector<std::string> topics)
        : cluster_(cluster), group_(std::move(group)), topics_(std::move(topics)) {}

    /// Joins, or joins again, and returns what is ours from now on; who has read something of what
    /// was ours before commits first.
    Task<Outcome<std::vector<TopicPartition>>> join();
    /// Tells the group that we are here, when it is time for that. True: it wants us to join again.
    Task<Outcome<bool>> stay();
    /// The code is NONE, or the group goes on without us: then we join again, and what was read is
    /// read again by somebody.
    Task<Outcome<ErrorCode>> commit(const Offsets& offsets);
    /// What can't be said any more is not said: the session ends by itself.
    Task<> leave();

private:
    Task<Outcome<JoinGroupResponse>> ask_to_join();
    Task<Outcome<std::vector<TopicPartition>>> sync(const JoinGroupResponse& joined, bool& again);
    Task<Outcome<std::map<std::string, Bytes>>> divide(const JoinGroupResponse& joined);

    Cluster& cluster_;
    const std::string group_;
    const std::vector<std::string> topics_;
    std::string id_;
    std::int32_t generation_{-1};
    Time next_heartbeat_{};
};

}  // namespace millrace
