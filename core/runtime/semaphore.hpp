// A budget, mostly of bytes: taking more than is left waits.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/wait_list.hpp"

#include <utility>

namespace millrace {

/// `capacity` units on one shard, taken by holders that may grow. New holders wait in the order of
/// arrival, behind those that want to grow.
///
/// Holders that each wait for what the others have would wait for ever: so one holder at a time
/// may take more than there is. All together never take more than the capacity and one holder.
class Semaphore {
public:
    /// What one holder has taken. Gives it back when it goes.
    class Share {
    public:
        Share() = default;
        explicit Share(Semaphore& owner) : world_(&owner.world_), owner_(&owner) {}
        Share(Share&& other) noexcept { swap(other); }
        Share& operator=(Share&& other) noexcept {
            swap(other);
            return *this;
        }
        ~Share() {
            // In an ending world the semaphore may have gone before the frame of a holder.
            if (owner_ != nullptr && !world_->ending()) owner_->give_back(*this);
        }

        std::int64_t held() const { return held_; }
        /// Waits until `count` more is there. Errc::kStopping after Semaphore::stop(). Not moved
        /// meanwhile.
        Task<Result<void>> take(std::int64_t count) {
            return held_ == 0 ? owner_->begin(*this, count) : owner_->grow(*this, count);
        }
        /// The first of it, when nobody has to wait; else nothing has happened.
        bool try_take(std::int64_t count) { return owner_->try_begin(*this, count); }

    private:
        friend class Semaphore;

        void swap(Share& other) {
            std::swap(world_, other.world_);
            std::swap(owner_, other.owner_);
            std::swap(held_, other.held_);
            std::swap(exceeds_, other.exceeds_);
        }

        World* world_{};
        Semaphore* owner_{};
        std::int64_t held_{};
        bool exceeds_{};
    };

    Semaphore(World& world, std::int64_t capacity)
        : world_(world), capacity_(capacity), turn_(world), room_(world) {}

    void stop() {
        stopped_ = true;
        turn_.fail_all(Errc::kStopping);
        room_.fail_all(Errc::kStopping);
    }

    std::int64_t taken() const { return taken_; }

private:
    bool fits(std::int64_t count) const { return taken_ == 0 || taken_ + count <= capacity_; }

    bool try_begin(Share& share, std::int64_t count) {
        if (stopped_ || next_ticket_ != serving_ || growing_ > 0 || !fits(count)) return false;
        ++next_ticket_;
        ++serving_;
        add(share, count);
        return true;
    }

    Task<Result<void>> begin(Share& share, std::int64_t count) {
        const std::int64_t ticket = next_ticket_++;
        while (!stopped_ && (ticket != serving_ || growing_ > 0 || !fits(count))) {
            const auto woken = co_await turn_.wait(ticket, kNever);
            if (!woken) break;
        }
        if (stopped_) co_return Errc::kStopping;
        ++serving_;
        add(share, count);
        turn_.wake_through(serving_);
        co_return Result<void>();
    }

    Task<Result<void>> grow(Share& share, std::int64_t count) {
        ++growing_;
        while (!stopped_ && !may_grow(share, count)) {
            const auto woken = co_await room_.wait(0, kNever);
            if (!woken) break;
        }
        --growing_;
        if (stopped_) co_return Errc::kStopping;
        add(share, count);
        if (growing_ == 0) turn_.wake_through(serving_);
        co_return Result<void>();
    }

    bool may_grow(Share& share, std::int64_t count) {
        if (share.exceeds_ || fits(count)) return true;
        if (exceeded_) return false;
        exceeded_ = share.exceeds_ = true;
        return true;
    }

    void add(Share& share, std::int64_t count) {
        share.held_ += count;
        taken_ += count;
    }

    void give_back(Share& share) {
        taken_ -= share.held_;
        expect_at_most(0, taken_, "more is given back than was taken");
        if (share.exceeds_) exceeded_ = false;
        room_.wake_through(0);
        turn_.wake_through(serving_);
    }

    World& world_;
    const std::int64_t capacity_;
    std::int64_t taken_{};
    std::int64_t growing_{};  // holders that wait for more
    bool exceeded_{};         // by one of the holders
    std::int64_t next_ticket_{};
    std::int64_t serving_{};
    bool stopped_{};
    WaitList turn_;  // new holders, by ticket
    WaitList room_;  // growing holders
};

}  // namespace millrace
