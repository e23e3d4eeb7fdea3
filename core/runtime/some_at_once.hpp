// Many steps of which a few are under way at a time.
#pragma once

#include "core/runtime/gate.hpp"

#include <algorithm>

namespace millrace {
namespace detail {

template <typename Step>
struct StepsLeft {
    const Step& step;
    const std::size_t count;
    std::size_t next{};
    Result<void> outcome;
};

template <typename Step>
Task<> take_steps(StepsLeft<Step>& left) {
    while (left.outcome && left.next < left.count) {
        const Result<void> done = co_await left.step(left.next++);
        if (!done && left.outcome) left.outcome = done;
    }
}

}  // namespace detail

/// Runs `step(i)`, a Task<Result<void>>, for each i below `count`, in this order and at most `most`
/// at a time. None begins after one has failed; returns that failure once all that began have
/// ended. REQUIRES: `step` outlives the call.
template <typename Step>
Task<Result<void>> some_at_once(World& world, std::size_t count, std::size_t most,
                                const Step& step) {
    detail::StepsLeft<Step> left{step, count, 0, {}};
    Gate gate(world);
    for (std::size_t i = 0; i < std::min(count, most); ++i) gate.spawn(detail::take_steps(left));
    co_await gate.close();
    co_return left.outcome;
}

}  // namespace millrace
