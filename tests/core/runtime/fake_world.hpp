// The smallest world: time stands until a test moves it, requests stay open until a test answers
// them, and what is ready runs in order.
#pragma once

#include "core/runtime/task.hpp"

#include <vector>

namespace millrace {

class FakeWorld final : public World {
public:
    ~FakeWorld() { end(); }

    void submit(Operation& operation) override { submitted.push_back(&operation); }
    void cancel(Operation& operation) override { cancelled.push_back(&operation); }
    Time now() const override { return now_; }
    std::int64_t wall_clock_ms() const override { return now_.count() / 1'000'000; }
    std::uint64_t random() override { return ++drawn_; }

    /// Runs everything that is ready, and what becomes ready by that.
    void run() {
        const RunScope scope(*this);
        timers().fire_until(now_);
        while (!ready().empty()) ready().pop().run();
    }

    void advance(Duration duration) {
        now_ += duration;
        run();
    }

    /// Answers the request that has waited longest.
    void complete(std::int32_t result) {
        Operation& first = *submitted.front();
        submitted.erase(submitted.begin());
        first.result = result;
        defer(first);
        run();
    }

    /// The process dies: every frame is destroyed where it stands.
    void end() {
        const RunScope scope(*this);
        destroy_suspended();
        while (!ready().empty()) ready().pop().destroy();
        for (Operation* const operation : std::exchange(submitted, {})) operation->destroy();
    }

    std::vector<Operation*> submitted;
    std::vector<Operation*> cancelled;

private:
    Time now_{1'000};
    std::uint64_t drawn_{};
};

}  // namespace millrace
