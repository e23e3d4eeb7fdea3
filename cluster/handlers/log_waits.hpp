// Waiting until one of some logs of a shard has moved: a long poll's half on the logs' owner.
//
// Only those are woken that wait for the log that has moved.
#pragma once

#include "core/storage/partition_log.hpp"

#include <list>
#include <vector>

namespace millrace {

/// A log of the shard that is visited, and the durable end that the waiter knows.
struct KnownEnd {
    PartitionLog* log{};
    Offset end;
};

/// One wait of one shard's logs. Its memory is the caller's; while the wait is away, only the logs'
/// shard touches it.
struct LogWait {
    std::vector<KnownEnd> known;
    Time deadline{};

private:
    friend class LogWaits;
    WaitList* waiting_{};
    bool given_up_{};
};

/// The waits of one shard. Lives on it.
class LogWaits {
public:
    explicit LogWaits(World& world) : world_(world) {}

    /// Until a log has moved beyond what is known, the deadline has passed, or nobody wants to know
    /// any more.
    Task<> wait(LogWait& wanted) {
        for (const KnownEnd& each : wanted.known) {
            if (each.log->durable_end() != each.end) co_return;
        }
        if (stopping_ || wanted.given_up_) co_return;
        WaitList moved(world_);
        std::vector<LogWatch> watches;
        watches.reserve(wanted.known.size());
        for (const KnownEnd& each : wanted.known) {
            each.log->add_watch(watches.emplace_back(moved));
        }
        wanted.waiting_ = &moved;
        const auto place = waiting_.insert(waiting_.end(), &moved);
        (void)co_await moved.wait(0, wanted.deadline);
        waiting_.erase(place);
        wanted.waiting_ = nullptr;
    }

    /// Ends a wait that has begun or is still to begin.
    static void give_up(LogWait& wanted) {
        wanted.given_up_ = true;
        if (wanted.waiting_ != nullptr) wanted.waiting_->wake_through(0);
    }

    /// Ends all waits, now and later: the broker stops.
    void stop() {
        stopping_ = true;
        for (WaitList* const each : waiting_) each->wake_through(0);
    }
    bool stopping() const { return stopping_; }

private:
    World& world_;
    std::list<WaitList*> waiting_;
    bool stopping_{};
};

}  // namespace millrace
