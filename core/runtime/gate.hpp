// Stopping a component that has coroutines under way: nothing new goes in, everything old comes
// out.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/wait_list.hpp"

namespace millrace {

/// Counts the coroutines inside. Lives on one shard. After close() has returned nobody is inside
/// and nobody enters again.
class Gate {
public:
    /// Holds the gate open for one coroutine; a named object in its frame.
    class Pass {
    public:
        explicit Pass(Gate& gate) : world_(gate.world_), gate_(&gate) {}
        Pass(Pass&& other) noexcept
            : world_(other.world_), gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            // In an ending world the gate may have gone before the frame that holds its pass.
            if (gate_ != nullptr && !world_.ending()) gate_->leave();
        }

    private:
        World& world_;
        Gate* gate_;
    };

    explicit Gate(World& world) : world_(world), left_(world) {}
    ~Gate() {
        expect(inside_ == 0 || world_.ending(), "a gate is destroyed with coroutines inside");
    }

    bool closed() const { return closed_; }

    /// REQUIRES: not closed.
    Pass enter() {
        expect(!closed_, "a closed gate is entered");
        ++inside_;
        return Pass(*this);
    }

    /// Spawns `task` inside the gate.
    void spawn(Task<> task) { millrace::spawn(world_, run(enter(), std::move(task))); }

    Task<> close() {
        closed_ = true;
        if (inside_ == 0) co_return;
        co_await left_.wait(0, kNever);
    }

private:
    static Task<> run([[maybe_unused]] Pass pass, Task<> task) { co_await std::move(task); }

    void leave() {
        if (--inside_ == 0 && closed_) left_.wake_through(0);
    }

    World& world_;
    WaitList left_;
    std::int64_t inside_{};
    bool closed_{};
};

}  // namespace millrace
