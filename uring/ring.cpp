#include "uring/ring.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

struct SetupFlag {
    RingFeature feature;
    unsigned flags;
};

/// Whether the kernel lets this process enter the ring too: a filter may allow the setup alone.
/// Zero or a negated errno.
int try_to_enter(const io_uring& ring) {
    return std::min(0, io_uring_enter(static_cast<unsigned>(ring.ring_fd), 0, 0,
                                      IORING_ENTER_GETEVENTS, nullptr));
}

/// Flags in the order in which they are given up when the kernel refuses the set.
constexpr SetupFlag kSetupFlags[] = {
    {RingFeature::kDeferTaskrun, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN},
    {RingFeature::kCoopTaskrun, IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG},
    {RingFeature::kSubmitAll, IORING_SETUP_SUBMIT_ALL},
};

unsigned setup_flags(RingFeatures features) {
    unsigned flags = IORING_SETUP_CQSIZE;
    for (const auto& [feature, bits] : kSetupFlags) {
        // The two task-run modes exclude each other; the deferred one is the better.
        if (feature == RingFeature::kCoopTaskrun && features.has(RingFeature::kDeferTaskrun))
            continue;
        if (features.has(feature)) flags |= bits;
    }
    return flags;
}

int open_with(io_uring& ring, unsigned entries, RingFeatures features) {
    io_uring_params params{};
    params.flags = setup_flags(features);
    // Every wish in flight may complete in one turn; the kernel keeps an overflow list beyond that.
    params.cq_entries = entries * 4;
    return io_uring_queue_init_params(entries, &ring, &params);
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::open(unsigned entries, RingFeatures allowed) {
    std::unique_ptr<Ring> ring(new Ring);
    ring->features_ = allowed;
    int outcome = open_with(ring->ring_, entries, ring->features_);
    for (const auto& [feature, bits] : kSetupFlags) {
        if (outcome != -EINVAL) break;
        ring->features_.remove(feature);
        outcome = open_with(ring->ring_, entries, ring->features_);
    }
    if (outcome < 0) {
        ring->ring_.ring_fd = -1;
        return system_error(-outcome);
    }
    outcome = try_to_enter(ring->ring_);
    if (outcome < 0) return system_error(-outcome);
    if (ring->features_.has(RingFeature::kDeferTaskrun)) {
        ring->features_.remove(RingFeature::kCoopTaskrun);
    }
    if (ring->features_.has(RingFeature::kRegisteredRing) &&
        io_uring_register_ring_fd(&ring->ring_) != 1) {
        ring->features_.remove(RingFeature::kRegisteredRing);
    }
    if ((ring->ring_.features & IORING_FEAT_NO_IOWAIT) == 0) {
        ring->features_.remove(RingFeature::kNoIowait);
    }
    if (ring->features_.has(RingFeature::kFixedBuffers) &&
        io_uring_register_buffers_sparse(&ring->ring_, kMemoriesMax) != 0) {
        ring->features_.remove(RingFeature::kFixedBuffers);
    }
    if ((ring->ring_.features & IORING_FEAT_EXT_ARG) == 0) return system_error(ENOSYS);
    ring->descriptor_ = ring->ring_.ring_fd;
    if (ring->features_.has(RingFeature::kMsgRing) && !ring->try_msg_ring()) {
        ring->features_.remove(RingFeature::kMsgRing);
    }
    return ring;
}

bool Ring::try_msg_ring() {
    constexpr std::uint64_t kSent = 1;
    constexpr std::uint64_t kArrived = 2;
    io_uring_sqe& entry = next_entry();
    io_uring_prep_msg_ring(&entry, descriptor_, 0, kArrived, 0);
    entry.user_data = kSent;
    bool refused = false;
    bool arrived = false;
    // Both completions come at once; the limit is for kernels that take the entry and lose it.
    for (int tries = 0; tries < 3 && !refused && !arrived; ++tries) {
        submit_and_wait(std::chrono::milliseconds(20));
        reap([&](std::uint64_t user_data, std::int32_t result, std::uint32_t) {
            if (user_data == kSent && result < 0) refused = true;
            if (user_data == kArrived) arrived = true;
        });
    }
    return arrived;
}

Ring::~Ring() {
    if (ring_.ring_fd >= 0) io_uring_queue_exit(&ring_);
}

int Ring::set_memory(std::int32_t index, iovec memory) {
    __u64 tag = 0;
    const int outcome = io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(index),
                                                             &memory, &tag, 1);
    return std::min(outcome, 0);
}

Result<std::int32_t> Ring::register_memory(MutableBytes memory) {
    if (!features_.has(RingFeature::kFixedBuffers)) return system_error(ENOTSUP);
    for (std::size_t place = 0; place < kMemoriesMax; ++place) {
        if (memories_.test(place)) continue;
        const auto index = static_cast<std::int32_t>(place);
        const int outcome = set_memory(index, {memory.data(), memory.size()});
        if (outcome < 0) return system_error(-outcome);
        memories_.set(place);
        return index;
    }
    return system_error(ENOBUFS);
}

void Ring::unregister_memory(std::int32_t index) {
    expect(set_memory(index, {}) == 0, "the kernel keeps memory that is no longer registered");
    memories_.reset(static_cast<std::size_t>(index));
}

io_uring_sqe& Ring::next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    while (entry == nullptr) {
        submit();
        entry = io_uring_get_sqe(&ring_);
    }
    return *entry;
}

void Ring::submit() {
    const int outcome = features_.has(RingFeature::kDeferTaskrun)
                            ? io_uring_submit_and_get_events(&ring_)
                            : io_uring_submit(&ring_);
    // EBUSY and EAGAIN mean that completions must be reaped first; the loop does that next.
    expect(outcome >= 0 || outcome == -EINTR || outcome == -EBUSY || outcome == -EAGAIN,
           "the kernel refuses a submission");
}

void Ring::submit_and_wait(std::optional<Duration> timeout) {
    if (io_uring_sq_ready(&ring_) > 0) submit();
    if (io_uring_cq_ready(&ring_) == 0) enter(1, timeout);
}

void Ring::enter(unsigned wait_for, std::optional<Duration> timeout) {
    // liburing 2.3 has no way to pass NO_IOWAIT, so the wait is entered by hand.
    unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    if (features_.has(RingFeature::kRegisteredRing)) flags |= IORING_ENTER_REGISTERED_RING;
    if (features_.has(RingFeature::kNoIowait)) flags |= IORING_ENTER_NO_IOWAIT;
    __kernel_timespec deadline{};
    io_uring_getevents_arg argument{};
    if (timeout) {
        const auto count = std::max<std::int64_t>(timeout->count(), 0);
        deadline.tv_sec = count / 1'000'000'000;
        deadline.tv_nsec = count % 1'000'000'000;
        argument.ts = reinterpret_cast<std::uint64_t>(&deadline);
    }
    const int outcome =
        io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), 0, wait_for, flags,
                        reinterpret_cast<sigset_t*>(&argument), sizeof argument);
    expect(outcome >= 0 || outcome == -ETIME || outcome == -EINTR || outcome == -EBUSY ||
               outcome == -EAGAIN,
           "the kernel refuses a wait");
}

std::string explain_refusal(const Error& error) {
    const std::string reason = "io_uring is refused by the kernel: " + error.message() + ". ";
    switch (error.value()) {
        case EPERM:
            return reason +
                   "Run 'sysctl -w kernel.io_uring_disabled=0' as root; in a container, also allow "
                   "io_uring_setup, io_uring_enter and io_uring_register in its seccomp profile "
                   "(docker run --security-opt seccomp=PROFILE.json).";
        case ENOSYS: return reason + "Run Linux 5.11 or later, built with CONFIG_IO_URING=y.";
        case ENOMEM:
            return reason +
                   "Raise the locked-memory limit: 'ulimit -l unlimited', or "
                   "LimitMEMLOCK=infinity in the systemd unit.";
        case EMFILE:
        case ENFILE: return reason + "Raise the descriptor limit: 'ulimit -n 100000'.";
        default: return reason + "See 'dmesg' and io_uring_setup(2).";
    }
}

}  // namespace millrace
