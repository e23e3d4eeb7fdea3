// Keeps background work to so many bytes a second.
#pragma once

#include "core/runtime/world.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace {

/// Owned by who does the work, on its shard. What was done is a debt that time pays off.
class Throttle {
public:
    /// The longest pause at once: a rate that changes meanwhile counts from then on.
    static constexpr Duration kPauseMax = std::chrono::milliseconds(300);

    explicit Throttle(World& world) : world_(world), seen_(world.now()) {}

    void note(std::uint64_t bytes) { debt_ += static_cast<double>(bytes); }

    /// How long to wait before the next look; zero when work may go on.
    Duration pause(double bytes_per_second) {
        const Time now = world_.now();
        const std::chrono::duration<double> passed = now - std::exchange(seen_, now);
        debt_ = std::max(0.0, debt_ - passed.count() * bytes_per_second);
        const double seconds = std::max(0.0, debt_ / bytes_per_second);
        const double most = std::chrono::duration<double>(kPauseMax).count();
        if (seconds >= most) return kPauseMax;
        return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    }

private:
    World& world_;
    Time seen_;
    double debt_{};
};

}  // namespace millrace
