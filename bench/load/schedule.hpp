// When the requests of a connection are due, and which of the prepared ones is next.
#pragma once

#include "core/runtime/timer_queue.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace millrace::bench {

/// An open loop: requests are due at even distances, however long the answers take. Each moment is
/// computed from the first one, so that nothing adds up.
class Pace {
public:
    /// `phase`, from 0 to 1, is the part of a distance that the first request comes after `begin`:
    /// connections with different phases don't send at the same moments.
    Pace(Time begin, double per_second, double phase)
        : begin_(begin), distance_ns_(1e9 / per_second), phase_(phase) {}

    /// Requests count from 0.
    Time due(std::uint64_t request) const {
        const double ns = (static_cast<double>(request) + phase_) * distance_ns_;
        return begin_ + Time(static_cast<std::int64_t>(ns));
    }

    /// How many are due before `end`.
    std::uint64_t due_before(Time end) const {
        const double passed = static_cast<double>((end - begin_).count()) / distance_ns_ - phase_;
        return static_cast<std::uint64_t>(std::max(std::ceil(passed), 0.0));
    }

private:
    Time begin_;
    double distance_ns_;
    double phase_;
};

/// Places of a ring in turn. The members begin at different ones, so that all of the ring is used
/// at any time.
class Rotation {
public:
    Rotation(std::size_t places, std::size_t member, std::size_t members)
        : places_(places), next_(member * places / members) {}

    std::size_t next() {
        const std::size_t place = next_;
        next_ = (next_ + 1) % places_;
        return place;
    }

private:
    std::size_t places_;
    std::size_t next_;
};

}  // namespace millrace::bench
