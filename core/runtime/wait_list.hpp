// Who waits for an offset: producers for the durable end, consumers for the high watermark.
// Woken by offset, by deadline, or with an error when what they wait for has failed.
#pragma once

#include "core/runtime/operation.hpp"

#include <boost/intrusive/set.hpp>

#include <cstdint>

namespace millrace {

/// Waiters of one object on one shard. Everybody is resumed before it is destroyed.
class WaitList {
public:
    explicit WaitList(World& world) : world_(world) {}
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;
    ~WaitList() {
        // The frames of an ending world unlink their waiters themselves.
        if (!world_.ending()) fail_all(Errc::kStopping);
    }

    /// Resumes when wake_through() is called with `key` or more: success; at `deadline`:
    /// Errc::kTimedOut; at fail_all(): that error.
    Task<Result<void>> wait(std::int64_t key, Time deadline) {
        Waiter waiter(*this, key);
        world_.timers().arm(waiter.timer, deadline);
        Waiter* const self = &waiter;
        co_return co_await park([self](Parked& parked) { self->enlist(parked); });
    }

    /// Wakes all that wait for `key` or less.
    void wake_through(std::int64_t key) {
        while (!waiters_.empty() && waiters_.begin()->key <= key) leave(*waiters_.begin(), {});
    }

    void fail_all(Error error) {
        while (!waiters_.empty()) leave(*waiters_.begin(), error);
    }

    bool empty() const { return waiters_.empty(); }

private:
    /// Lives in the waiting coroutine's frame.
    struct Waiter : boost::intrusive::set_base_hook<
                        boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        struct Expiry : Timer {
            explicit Expiry(Waiter& owner) : Timer(&Expiry::fire), waiter(owner) {}
            static void fire(Timer& timer) {
                Waiter& waiter = static_cast<Expiry&>(timer).waiter;
                waiter.list.leave(waiter, Errc::kTimedOut);
            }
            Waiter& waiter;
        };

        Waiter(WaitList& owner, std::int64_t wanted) : list(owner), key(wanted), timer(*this) {}
        void enlist(Parked& who) {
            parked = &who;
            list.waiters_.insert(*this);
        }
        bool operator<(const Waiter& other) const { return key < other.key; }

        WaitList& list;
        std::int64_t key;
        Parked* parked{};
        Expiry timer;
    };

    void leave(Waiter& waiter, Result<void> outcome) {
        world_.timers().disarm(waiter.timer);
        waiters_.erase(waiters_.iterator_to(waiter));
        waiter.parked->resume(world_, outcome);
    }

    World& world_;
    boost::intrusive::multiset<Waiter, boost::intrusive::constant_time_size<false>> waiters_;
};

}  // namespace millrace
