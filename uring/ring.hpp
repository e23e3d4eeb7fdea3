// One io_uring: setup with the best flags that this kernel takes, submission, reaping.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/runtime/timer_queue.hpp"
#include "uring/compat.hpp"
#include "uring/features.hpp"

#include <bitset>
#include <memory>
#include <optional>
#include <string>

namespace millrace {

/// Owned by one shard thread, which is the only one that may touch it after open().
class Ring {
public:
    /// Must be called on the thread that will use the ring (SINGLE_ISSUER binds it). The error is
    /// the kernel's; explain_refusal() says what to do about it.
    static Result<std::unique_ptr<Ring>> open(unsigned entries, RingFeatures allowed);
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    RingFeatures features() const { return features_; }
    /// Found out later: the kernel can't.
    void give_up(RingFeature feature) { features_.remove(feature); }

    /// For what registers itself with the kernel.
    io_uring& raw() { return ring_; }

    /// Makes memory known to the kernel, for submissions that name its index. ENOBUFS when all
    /// places are taken, ENOTSUP without the feature, ENOMEM over the locked-memory limit.
    Result<std::int32_t> register_memory(MutableBytes memory);
    void unregister_memory(std::int32_t index);
    int descriptor() const { return descriptor_; }

    /// A free submission entry. Hands what is queued to the kernel first when none is free.
    io_uring_sqe& next_entry();

    /// Hands over what is queued and takes in what is done, without waiting.
    void submit();
    /// The same, then waits for a completion or `timeout`; without one, for ever.
    void submit_and_wait(std::optional<Duration> timeout);

    /// Calls `on_completion(user_data, result, flags)` for each completion that has arrived.
    template <class OnCompletion>
    unsigned reap(OnCompletion on_completion) {
        io_uring_cqe* completion = nullptr;
        unsigned head = 0;
        unsigned count = 0;
        io_uring_for_each_cqe(&ring_, head, completion) {
            on_completion(completion->user_data, completion->res, completion->flags);
            ++count;
        }
        io_uring_cq_advance(&ring_, count);
        return count;
    }

private:
    Ring() = default;

    /// Sends itself an entry: some kernels know the operation and refuse it for this kind of ring.
    bool try_msg_ring();
    void enter(unsigned wait_for, std::optional<Duration> timeout);

    /// Zero or a negated errno.
    int set_memory(std::int32_t index, iovec memory);

    // Journals with a frame buffer each; more than a shard ever has.
    static constexpr std::size_t kMemoriesMax = 64;

    io_uring ring_{};
    // The ring's own goes when it is registered with its thread.
    int descriptor_{-1};
    RingFeatures features_;
    std::bitset<kMemoriesMax> memories_;
};

/// What an operator can do when the kernel refuses a ring: one sentence with the exact remedy.
std::string explain_refusal(const Error& error);

}  // namespace millrace
