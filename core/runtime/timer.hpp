// Waiting for time to pass.
#pragma once

#include "core/runtime/operation.hpp"

namespace millrace {

/// Resumes the coroutine at `deadline`; kNever is not allowed.
inline Task<> sleep_until(World& world, Time deadline) {
    struct Sleeper : Timer {
        explicit Sleeper(World& where) : Timer(&Sleeper::fire), world(where) {}
        static void fire(Timer& timer) {
            auto& self = static_cast<Sleeper&>(timer);
            self.parked->resume(self.world, {});
        }
        World& world;
        Parked* parked{};
    };
    Sleeper sleeper(world);
    Sleeper* const self = &sleeper;
    co_await park([self, deadline](Parked& parked) {
        self->parked = &parked;
        self->world.timers().arm(*self, deadline);
    });
}

/// Resumes the coroutine when nothing else is ready: what this turn has brought is done.
inline auto end_of_turn(World& world) {
    World* const there = &world;
    return park([there](Parked& parked) { parked.resume_at_end(*there); });
}

inline Task<> sleep_for(World& world, Duration duration) {
    return sleep_until(world, world.now() + duration);
}

}  // namespace millrace
