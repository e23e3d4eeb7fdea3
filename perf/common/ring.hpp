// An io_uring of a harness' own, set up as the broker sets up its rings.
#pragma once

#include "perf/common/fail.hpp"

#include <liburing.h>

#include <cerrno>
#include <cstdint>

namespace millrace::perf {

/// A ring of its own for each cell, so that no kernel worker of one cell helps the next.
class Ring {
public:
    explicit Ring(std::uint32_t entries) {
        const unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        int failed = ::io_uring_queue_init(entries, &ring_, flags);
        // Kernels before 6.1 know neither flag.
        if (failed == -EINVAL) failed = ::io_uring_queue_init(entries, &ring_, 0);
        if (failed < 0) fail("io_uring_queue_init", -failed);
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() { ::io_uring_queue_exit(&ring_); }

    io_uring* get() { return &ring_; }

private:
    io_uring ring_{};
};

}  // namespace millrace::perf
