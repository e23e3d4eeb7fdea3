// A world without an outside, whose turns a test takes by hand: several of them in one thread are
// the shards of a process.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/shard.hpp"

namespace millrace {

class TurnWorld final : public World {
public:
    ~TurnWorld() {
        while (!ready().empty()) ready().pop().destroy();
    }

    void submit(Operation&) override { expect(false, "this world has no outside"); }
    void cancel(Operation&) override {}
    Time now() const override { return time; }
    std::int64_t wall_clock_ms() const override { return 0; }
    std::uint64_t random() override { return 4; }
    void wake(World& peer) override { ++static_cast<TurnWorld&>(peer).rings; }

    /// A turn of the loop; true when there was something to do.
    bool turn() {
        const RunScope scope(*this);
        bool any = take_mail();
        timers().fire_until(time);
        while (!ready().empty()) {
            any = true;
            ready().pop().run();
        }
        mail_is_left = !post_mail();
        return any;
    }
    bool try_to_sleep() { return fall_asleep(); }

    /// Ends with everything that is suspended on it.
    void die() {
        const RunScope scope(*this);
        destroy_suspended();
        while (!ready().empty()) ready().pop().destroy();
    }
    void doom() { begin_to_end(); }

    Time time{};
    int rings{};
    bool mail_is_left{};
};

/// Turns of all until none has anything to do.
inline void settle(std::initializer_list<TurnWorld*> worlds) {
    for (bool any = true; any;) {
        any = false;
        for (TurnWorld* const world : worlds) any = world->turn() || any;
    }
}

}  // namespace millrace
