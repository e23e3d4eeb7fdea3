// Fetch sessions (KIP-227): a client names its partitions once, and after that only what changes;
// answers tell only what is new.
//
// A session's id names the shard that keeps it. A connection elsewhere visits that shard twice, to
// borrow the session for a request and to bring it back; in between it is the connection's shard's.
#pragma once

#include "cluster/handlers/fetch_partitions.hpp"
#include "core/runtime/world.hpp"

#include <map>
#include <memory>

namespace millrace {

inline constexpr std::int32_t kNoFetchSession = 0;

struct FetchSession {
    FetchPartitions partitions;
    bool by_id{};       // names topics by id
    bool privileged{};  // a follower's
};

/// A session that is used by one request, or why there is none.
struct BorrowedSession {
    ErrorCode code = ErrorCode::kNone;
    std::shared_ptr<FetchSession> session;
};

/// The sessions of one shard. Lives on it.
class FetchSessions {
public:
    struct Limits {
        std::size_t sessions = 1000;
        std::size_t partitions = 400'000;  // of all sessions together
    };

    FetchSessions(World& world, Limits limits) : world_(world), limits_(limits) {}

    /// The new session's id, or kNoFetchSession when it has no place. A full cache gives up a
    /// session that nobody has used for two minutes, or one that is worth less: a consumer's for a
    /// follower's, or one of fewer partitions that was made two minutes ago.
    std::int32_t add(std::shared_ptr<FetchSession> session);
    /// For the request of number `epoch` in it, which the next one follows. A session that is still
    /// lent has had it already: INVALID_FETCH_SESSION_EPOCH.
    BorrowedSession borrow(std::int32_t id, std::int32_t epoch, bool by_id);
    /// Brings a borrowed session home. It ends there when nothing is left in it, or more than there
    /// is memory for.
    void bring_back(std::int32_t id, const std::shared_ptr<FetchSession>& session);
    /// A session that is lent meanwhile goes when it comes home.
    void remove(std::int32_t id);

    std::size_t size() const { return sessions_.size(); }
    std::size_t partitions() const { return partitions_; }

private:
    struct Kept {
        std::shared_ptr<FetchSession> session;
        std::int32_t epoch = 1;  // of its next request
        std::size_t size{};      // its partitions, when it was here last
        Time created{};
        Time used{};
        bool lent{};
    };
    using Sessions = std::map<std::int32_t, Kept>;

    std::int32_t new_id();
    bool has_room_for(std::size_t partitions) const;
    bool evict_for(bool privileged, std::size_t partitions);
    Sessions::iterator worth_least(bool privileged);
    void erase(Sessions::iterator place);

    World& world_;
    const Limits limits_;
    Sessions sessions_;
    std::size_t partitions_{};
};

/// The shard that keeps session `id`, of a broker with `shards`.
inline ShardNumber home_of_session(std::int32_t id, ShardNumber shards) {
    return static_cast<std::uint32_t>(id) % shards;
}

}  // namespace millrace
