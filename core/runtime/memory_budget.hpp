// Memory that responses on their way hold: bounded, and shared so that nobody takes it all.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/wait_list.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

/// `capacity` bytes on one shard. Outlives its holds, except in an ending world.
class MemoryBudget {
public:
    /// Some of the budget, given back when it goes.
    class Hold {
    public:
        Hold(Hold&& other) noexcept
            : world_(other.world_),
              budget_(std::exchange(other.budget_, nullptr)),
              size_(std::exchange(other.size_, 0)) {}
        Hold& operator=(Hold&& other) noexcept {
            std::swap(world_, other.world_);
            std::swap(budget_, other.budget_);
            std::swap(size_, other.size_);
            return *this;
        }
        ~Hold() {
            // In an ending world the budget may have gone before the frame that holds of it.
            if (budget_ != nullptr && !world_->ending()) resize(0);
        }

        std::size_t size() const { return size_; }
        /// What is really needed turned out to be `size`; more than was asked for counts too.
        void resize(std::size_t size) {
            budget_->taken_ += size;
            budget_->taken_ -= size_;
            const bool less = size < std::exchange(size_, size);
            if (less) budget_->given_back_.wake_through(0);
        }

    private:
        friend class MemoryBudget;
        Hold(MemoryBudget& budget, std::size_t size)
            : world_(&budget.world_), budget_(&budget), size_(size) {
            budget.taken_ += size;
        }

        World* world_;
        MemoryBudget* budget_;
        std::size_t size_;
    };

    MemoryBudget(World& world, std::size_t capacity)
        : world_(world), capacity_(capacity), given_back_(world) {}
    ~MemoryBudget() { expect(taken_ == 0 || world_.ending(), "a budget goes before its holds"); }

    /// `wanted` bytes, or a share of the budget if that is less. Errc::kTimedOut when there was no
    /// room for them until `deadline`.
    Task<Result<Hold>> take(std::size_t wanted, Time deadline) {
        const std::size_t size = std::min(wanted, capacity_ / kShares);
        while (size > 0 && taken_ > 0 && taken_ + size > capacity_) {
            if (world_.now() >= deadline) co_return Errc::kTimedOut;
            const auto woken = co_await given_back_.wait(0, deadline);
            if (!woken) co_return woken.error();
        }
        co_return Hold(*this, size);
    }

    std::size_t taken() const { return taken_; }

private:
    static constexpr std::size_t kShares = 8;

    World& world_;
    const std::size_t capacity_;
    std::size_t taken_{};
    WaitList given_back_;
};

}  // namespace millrace
