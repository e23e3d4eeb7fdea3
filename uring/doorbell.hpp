// How one shard wakes another that sleeps on its ring: an entry in the sleeper's ring, or, where
// the kernel has no such operation, a write to an eventfd that the sleeper reads by its ring.
#pragma once

#include "core/base/result.hpp"
#include "uring/ring.hpp"

#include <cstdint>

namespace millrace {

/// What its completions carry where others carry an operation.
enum class BellEvent : std::uint64_t {
    kRung = 2,  // by a peer; being awake is all that it means
    kSent = 3,  // at the sender, only when it went wrong
    kRead = 4,  // of the eventfd
};

/// Of one ring. ring() is called on the peer's thread, everything else on the ring's own.
class Doorbell {
public:
    Doorbell() = default;
    Doorbell(const Doorbell&) = delete;
    Doorbell& operator=(const Doorbell&) = delete;
    ~Doorbell();

    /// Hangs the bell up on `own`, which outlives it. The kernel's error when there are no more
    /// descriptors.
    Result<void> hang_up(Ring& own);
    /// Rings this bell from `peer`'s ring; the entry leaves with that ring's next submission.
    void ring(Ring& peer) const;
    /// A completion of the eventfd's read has come.
    void on_read();

private:
    void read_event();

    Ring* own_{};
    int event_{-1};
    std::uint64_t count_{};
};

}  // namespace millrace
