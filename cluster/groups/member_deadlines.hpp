// Deadlines that are moved far more often than they come: every heartbeat moves one.
//
// A deadline that moves away only notes so; its place in the queue is looked at when it comes.
#pragma once

#include "core/runtime/world.hpp"

#include <map>
#include <optional>

namespace millrace {

class MemberDeadlines;

/// Something with a deadline; stays where it is as long as it has one.
class Expiring {
public:
    bool has_deadline() const { return place_.has_value(); }

private:
    friend class MemberDeadlines;
    using Queue = std::multimap<Time, Expiring*>;

    Time due_{};
    std::optional<Queue::iterator> place_;
};

/// Lives on one shard, with the things whose deadlines it keeps.
class MemberDeadlines {
public:
    void set(Expiring& thing, Time due) {
        thing.due_ = due;
        if (thing.place_ && (*thing.place_)->first <= due) return;
        clear(thing);
        thing.place_ = queue_.emplace(due, &thing);
    }

    void clear(Expiring& thing) {
        if (thing.place_) queue_.erase(*thing.place_);
        thing.place_.reset();
    }

    /// None comes before it.
    std::optional<Time> next() const {
        return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first);
    }

    /// One whose deadline has come, which has none from now on.
    Expiring* take_due(Time now) {
        while (!queue_.empty() && queue_.begin()->first <= now) {
            Expiring& first = *queue_.begin()->second;
            clear(first);
            if (first.due_ <= now) return &first;
            set(first, first.due_);
        }
        return nullptr;
    }

private:
    Expiring::Queue queue_;
};

}  // namespace millrace
