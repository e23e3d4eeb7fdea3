// Deadlines of one shard. Timers live in user space in every world, so that disarming one is
// immediate and a waiter never has to outlive a timer that it no longer wants.
#pragma once

#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace millrace {

/// A moment on the shard's monotonic clock, counted from an arbitrary start.
using Time = std::chrono::nanoseconds;
using Duration = std::chrono::nanoseconds;

/// "Never": a deadline that does not pass.
inline constexpr Time kNever = Time::max();

/// A deadline that calls back once. Owned by whoever waits; disarmed when it goes.
class Timer : public boost::intrusive::set_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    using Fire = void (*)(Timer&);

    explicit Timer(Fire fire) : fire_(fire) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool armed() const { return is_linked(); }

private:
    friend class TimerQueue;
    struct Earlier {
        bool operator()(const Timer& left, const Timer& right) const {
            if (left.deadline_ != right.deadline_) return left.deadline_ < right.deadline_;
            return left.sequence_ < right.sequence_;
        }
    };

    Fire fire_;
    Time deadline_{};
    // Equal deadlines fire in the order in which they were armed, in every run of a seed.
    std::uint64_t sequence_{};
};

class TimerQueue {
public:
    /// REQUIRES: not armed. A deadline of kNever arms nothing.
    void arm(Timer& timer, Time deadline) {
        if (deadline == kNever) return;
        timer.deadline_ = deadline;
        timer.sequence_ = ++sequence_;
        timers_.insert(timer);
    }

    void disarm(Timer& timer) {
        if (timer.armed()) timers_.erase(timers_.iterator_to(timer));
    }

    std::optional<Time> next_deadline() const {
        if (timers_.empty()) return std::nullopt;
        return timers_.begin()->deadline_;
    }

    /// Fires all timers whose deadline is at or before `now`. A timer armed by one of them for a
    /// moment that has passed fires in the same call.
    void fire_until(Time now) {
        while (!timers_.empty() && timers_.begin()->deadline_ <= now) {
            Timer& due = *timers_.begin();
            timers_.erase(timers_.begin());
            due.fire_(due);
        }
    }

    /// Forgets all timers without firing them: the world ends.
    void clear() { timers_.clear(); }

private:
    boost::intrusive::set<Timer, boost::intrusive::compare<Timer::Earlier>,
                          boost::intrusive::constant_time_size<false>>
        timers_;
    std::uint64_t sequence_{};
};

}  // namespace millrace
