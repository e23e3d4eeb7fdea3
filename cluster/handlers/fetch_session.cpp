#include "cluster/handlers/fetch_session.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace millrace {
namespace {

// As Kafka: a session that was not used for so long may go, and one that is younger stays.
constexpr Duration kEvictableAfter = std::chrono::minutes(2);
constexpr std::int32_t kEpochMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::int32_t FetchSessions::add(std::shared_ptr<FetchSession> session) {
    const std::size_t size = session->partitions.size();
    if (size > limits_.partitions) return kNoFetchSession;
    while (!has_room_for(size)) {
        if (!evict_for(session->privileged, size)) return kNoFetchSession;
    }
    const std::int32_t id = new_id();
    Kept& kept = sessions_[id];
    kept.session = std::move(session);
    kept.size = size;
    kept.created = kept.used = world_.now();
    partitions_ += size;
    return id;
}

BorrowedSession FetchSessions::borrow(std::int32_t id, std::int32_t epoch, bool by_id) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return {ErrorCode::kFetchSessionIdNotFound, nullptr};
    Kept& kept = found->second;
    if (kept.epoch != epoch || kept.lent) return {ErrorCode::kInvalidFetchSessionEpoch, nullptr};
    if (kept.session->by_id != by_id) return {ErrorCode::kFetchSessionTopicIdError, nullptr};
    kept.epoch = epoch == kEpochMax ? 1 : epoch + 1;
    kept.used = world_.now();
    kept.lent = true;
    return {ErrorCode::kNone, kept.session};
}

void FetchSessions::bring_back(std::int32_t id, const std::shared_ptr<FetchSession>& session) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.session != session) return;
    Kept& kept = found->second;
    kept.lent = false;
    partitions_ -= std::exchange(kept.size, session->partitions.size());
    partitions_ += kept.size;
    if (session->partitions.empty() || partitions_ > limits_.partitions) erase(found);
}

void FetchSessions::remove(std::int32_t id) {
    const auto found = sessions_.find(id);
    if (found != sessions_.end()) erase(found);
}

void FetchSessions::erase(Sessions::iterator place) {
    partitions_ -= place->second.size;
    sessions_.erase(place);
}

/// Positive, at random, so that a client of an earlier life doesn't meet somebody else's session.
std::int32_t FetchSessions::new_id() {
    const std::uint64_t shards = world_.shard_count();
    const std::uint64_t ids = static_cast<std::uint64_t>(kEpochMax) / shards;
    for (;;) {
        const std::uint64_t id = world_.random() % ids * shards + world_.shard();
        const auto narrow = static_cast<std::int32_t>(id);
        if (narrow != kNoFetchSession && sessions_.count(narrow) == 0) return narrow;
    }
}

bool FetchSessions::has_room_for(std::size_t partitions) const {
    return sessions_.size() < limits_.sessions && partitions_ + partitions <= limits_.partitions;
}

/// False when nothing that is kept is worth less than what is to come.
bool FetchSessions::evict_for(bool privileged, std::size_t partitions) {
    const auto oldest = std::min_element(
        sessions_.begin(), sessions_.end(),
        [](const auto& left, const auto& right) { return left.second.used < right.second.used; });
    if (oldest == sessions_.end()) return false;
    if (world_.now() - oldest->second.used > kEvictableAfter) {
        erase(oldest);
        return true;
    }
    const auto least = worth_least(privileged);
    if (least == sessions_.end()) return false;
    const Kept& kept = least->second;
    // Of equal worth, what is kept stays: the ids of new sessions sort before all others.
    if (std::tuple(privileged, partitions, kNoFetchSession) <
        std::tuple(kept.session->privileged, kept.size, least->first)) {
        return false;
    }
    erase(least);
    return true;
}

/// Of those that may go at all. A young one may only go for a follower's, if it isn't one itself.
FetchSessions::Sessions::iterator FetchSessions::worth_least(bool privileged) {
    auto least = sessions_.end();
    for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
        const Kept& kept = each->second;
        const bool old = kept.used - kept.created > kEvictableAfter;
        if (!old && (!privileged || kept.session->privileged)) continue;
        const auto worth = [](Sessions::iterator at) {
            return std::tuple(at->second.session->privileged, at->second.size, at->first);
        };
        if (least == sessions_.end() || worth(each) < worth(least)) least = each;
    }
    return least;
}

}  // namespace millrace
