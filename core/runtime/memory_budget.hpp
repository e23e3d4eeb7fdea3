// Memory that responses on their way hold: bounded, and shared so that nobody takes it all.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/wait_list.hpp"

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <utility>

namespace millrace {

/// `capacity` bytes on one shard. Outlives its holds, except in an ending world.
///
/// Nobody gets more than an eighth of what is left, so that the first don't take it all. Whoever
/// finds no room lets the one be broken off whose peer has stood still longest, if that is a
/// second: so those who don't read never keep the memory from those who do.
class MemoryBudget {
public:
    /// Somebody on the budget's shard who sends what is held to a peer. Listed with the budget by
    /// Hold::sent_by(), until it is unlinked or goes.
    class Sender : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        /// When the peer last took something.
        virtual Time moved_at() const = 0;
        /// What it holds is needed elsewhere, and comes back soon.
        virtual void give_up() = 0;

    protected:
        ~Sender() = default;

    private:
        friend class MemoryBudget;
        bool given_up_{};
    };

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
        /// From now on `sender`'s peer is waited for.
        void sent_by(Sender& sender) {
            if (!sender.is_linked()) budget_->senders_.push_back(sender);
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

    /// `wanted` bytes, or a share of what is left if that is less. Errc::kTimedOut when there was
    /// no room for them until `deadline`.
    Task<Result<Hold>> take(std::size_t wanted, Time deadline) {
        for (;;) {
            const std::size_t size = std::min(wanted, share());
            if (size == 0 || taken_ == 0 || taken_ + size <= capacity_) {
                co_return Hold(*this, size);
            }
            if (world_.now() >= deadline) co_return Errc::kTimedOut;
            const Time look_again = give_up_longest();
            const auto woken = co_await given_back_.wait(0, std::min(deadline, look_again));
            if (!woken && woken.error() != make_error_code(Errc::kTimedOut)) {
                co_return woken.error();
            }
        }
    }

    std::size_t taken() const { return taken_; }

private:
    static constexpr std::size_t kShares = 8;
    static constexpr std::size_t kSharesMax = 64;
    static constexpr Duration kPatience = std::chrono::seconds(1);

    /// What one may take now.
    std::size_t share() const {
        const std::size_t left = capacity_ - std::min(capacity_, taken_);
        return std::max(left / kShares, capacity_ / kSharesMax);
    }

    /// One at a time. When there may be the next one; kNever while something will be given back.
    Time give_up_longest() {
        Sender* longest = nullptr;
        for (Sender& each : senders_) {
            if (each.given_up_) return kNever;
            if (longest == nullptr || each.moved_at() < longest->moved_at()) longest = &each;
        }
        if (longest == nullptr) return kNever;
        const Time due = longest->moved_at() + kPatience;
        if (world_.now() < due) return due;
        longest->given_up_ = true;
        longest->give_up();
        return kNever;
    }

    World& world_;
    const std::size_t capacity_;
    std::size_t taken_{};
    WaitList given_back_;
    boost::intrusive::list<Sender, boost::intrusive::constant_time_size<false>> senders_;
};

}  // namespace millrace
