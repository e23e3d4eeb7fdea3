#include "uring/ring_world.hpp"

#include "uring/submit.hpp"

#include <ctime>
#include <sys/random.h>

namespace millrace {
namespace {

constexpr unsigned kRingEntries = 1024;
// Runnables per turn: some hundred microseconds of work, then the kernel is asked again.
constexpr int kRunnablesPerTurn = 1024;

std::int64_t read_clock(clockid_t clock) {
    timespec moment{};
    clock_gettime(clock, &moment);
    return std::int64_t{moment.tv_sec} * 1'000'000'000 + moment.tv_nsec;
}

}  // namespace

Result<std::unique_ptr<RingWorld>> RingWorld::open(RingFeatures allowed) {
    auto ring = Ring::open(kRingEntries, allowed);
    if (!ring) return ring.error();
    return std::unique_ptr<RingWorld>(new RingWorld(std::move(*ring)));
}

RingWorld::~RingWorld() {
    while (!ready_.empty()) ready_.pop().destroy();
    timers().clear();
}

void RingWorld::submit(Operation& operation) {
    const auto result = start(*ring_, operation);
    if (result) {
        operation.result = *result;
        ready_.push(operation);
    } else {
        ++in_flight_;
    }
}

void RingWorld::cancel(Operation& operation) {
    io_uring_sqe& entry = ring_->next_entry();
    io_uring_prep_cancel(&entry, &operation, 0);
    // Nobody waits for the cancellation itself: the operation's own completion tells.
    io_uring_sqe_set_data(&entry, nullptr);
}

Time RingWorld::now() const { return Time(read_clock(CLOCK_MONOTONIC)); }

std::int64_t RingWorld::wall_clock_ms() const { return read_clock(CLOCK_REALTIME) / 1'000'000; }

std::uint64_t RingWorld::random() {
    std::uint64_t value = 0;
    while (getrandom(&value, sizeof value, 0) != sizeof value) {
    }
    return value;
}

void RingWorld::take_completions() {
    ring_->reap([this](std::uint64_t user_data, std::int32_t result) {
        if (user_data == 0) return;
        auto& operation = *reinterpret_cast<Operation*>(user_data);
        operation.result = finish(operation, result);
        --in_flight_;
        ready_.push(operation);
    });
}

bool RingWorld::run_ready() {
    for (int count = 0; count < kRunnablesPerTurn && !ready_.empty(); ++count) ready_.pop().run();
    return ready_.empty();
}

void RingWorld::run() {
    const RunScope scope(*this);
    for (;;) {
        take_completions();
        if (timers().next_deadline()) timers().fire_until(now());
        const bool idle = run_ready();
        if (!idle) {
            ring_->submit();
            continue;
        }
        if (stopping_ && in_flight_ == 0) return;
        const auto deadline = timers().next_deadline();
        ring_->submit_and_wait(deadline ? std::optional(*deadline - now()) : std::nullopt);
    }
}

}  // namespace millrace
