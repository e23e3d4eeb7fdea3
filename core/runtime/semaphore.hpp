// A budget, mostly of bytes: taking more than is left waits, in the order of arrival.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/wait_list.hpp"

namespace millrace {

/// `capacity` units on one shard. One request may take more than the capacity when nothing else is
/// taken: a large request waits for its turn, and is not refused for ever.
class Semaphore {
public:
    Semaphore(World& world, std::int64_t capacity) : capacity_(capacity), turn_(world) {}

    /// Waits until `count` fits beside what is taken. Errc::kStopping after stop().
    Task<Result<void>> acquire(std::int64_t count) {
        const std::int64_t ticket = next_ticket_++;
        while (!stopped_ && (ticket != serving_ || !fits(count))) {
            const auto woken = co_await turn_.wait(ticket, kNever);
            if (!woken) break;
        }
        if (stopped_) co_return Errc::kStopping;
        taken_ += count;
        ++serving_;
        turn_.wake_through(serving_);
        co_return Result<void>();
    }

    void release(std::int64_t count) {
        taken_ -= count;
        expect_at_most(0, taken_, "more is released than was taken");
        turn_.wake_through(serving_);
    }

    void stop() {
        stopped_ = true;
        turn_.fail_all(Errc::kStopping);
    }

    std::int64_t taken() const { return taken_; }

private:
    bool fits(std::int64_t count) const { return taken_ == 0 || taken_ + count <= capacity_; }

    const std::int64_t capacity_;
    std::int64_t taken_{};
    std::int64_t next_ticket_{};
    std::int64_t serving_{};
    bool stopped_{};
    WaitList turn_;
};

}  // namespace millrace
