#include "uring/ring_world.hpp"

#include "core/base/assert.hpp"
#include "uring/blocking.hpp"
#include "uring/submit.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/random.h>
#include <unistd.h>

namespace millrace {
namespace {

constexpr unsigned kRingEntries = 1024;
// An operation's address is larger than any of these.
constexpr auto kBellEventMax = static_cast<std::uint64_t>(BellEvent::kRead);
// Runnables per turn: some hundred microseconds of work, then the kernel is asked again.
constexpr int kRunnablesPerTurn = 1024;
// What a completion belongs to when it is no operation, whose address is never that small.
constexpr std::uint64_t kNobody = 0;
constexpr std::uint64_t kHelperBell = 1;
// Until a peer that is busy has made room in its mailbox.
constexpr Duration kFullMailboxPause = std::chrono::microseconds(50);
// Of what has_time() looks back at.
constexpr Duration kSleepWindow = std::chrono::milliseconds(50);

std::int64_t read_clock(clockid_t clock) {
    timespec moment{};
    clock_gettime(clock, &moment);
    return std::int64_t{moment.tv_sec} * 1'000'000'000 + moment.tv_nsec;
}

}  // namespace

Result<std::unique_ptr<RingWorld>> RingWorld::open(RingFeatures allowed) {
    // sendfile() has no flag that keeps a vanished peer's signal away.
    std::signal(SIGPIPE, SIG_IGN);
    auto ring = Ring::open(kRingEntries, allowed);
    if (!ring) return ring.error();
    auto helper = HelperPort::open();
    if (!helper) return helper.error();
    std::unique_ptr<RingWorld> world(new RingWorld(std::move(*helper), std::move(*ring)));
    const auto hung_up = world->bell_.hang_up(*world->ring_);
    if (!hung_up) return hung_up.error();
    return world;
}

RingWorld::RingWorld(std::unique_ptr<HelperPort> helper, std::unique_ptr<Ring> ring)
    : helper_(std::move(helper)), ring_(std::move(ring)), window_begin_(now()) {
    if (!features().has(RingFeature::kProvidedBuffers)) return;
    provided_ = ProvidedBuffers::open(ring_->raw());
    if (!provided_) ring_->give_up(RingFeature::kProvidedBuffers);
}

RingWorld::~RingWorld() {
    while (!ready().empty()) ready().pop().destroy();
    timers().clear();
}

void RingWorld::submit(Operation& operation) {
    if (may_block(operation.request)) {
        ++in_flight_;
        ++with_helper_;
        helper_->send(operation);
        listen_for_helper();
        return;
    }
    const auto result = start(*ring_, operation);
    if (result) {
        operation.result = *result;
        ready().push(operation);
    } else {
        ++in_flight_;
    }
}

void RingWorld::cancel(Operation& operation) {
    io_uring_sqe& entry = ring_->next_entry();
    io_uring_prep_cancel(&entry, &operation, 0);
    // Nobody waits for the cancellation itself: the operation's own completion tells.
    io_uring_sqe_set_data64(&entry, kNobody);
}

void RingWorld::listen_for_helper() {
    if (listening_for_helper_ || with_helper_ == 0) return;
    listening_for_helper_ = true;
    io_uring_sqe& entry = ring_->next_entry();
    io_uring_prep_read(&entry, helper_->bell(), &rings_heard_, sizeof rings_heard_, 0);
    io_uring_sqe_set_data64(&entry, kHelperBell);
}

void RingWorld::take_from_helper() {
    listening_for_helper_ = false;
    RunnableQueue done = helper_->take();
    while (!done.empty()) {
        auto& operation = static_cast<Operation&>(done.pop());
        --with_helper_;
        if (operation.request.kind == IoKind::kConnect && operation.result >= 0) {
            start_connect(*ring_, operation, operation.result);
            continue;
        }
        --in_flight_;
        ready().push(operation);
    }
    listen_for_helper();
}

void RingWorld::close_unheard(std::int32_t handle) { close(handle); }

void RingWorld::wake(World& peer) { static_cast<RingWorld&>(peer).bell_.ring(*ring_); }

/// A shard that didn't sleep at all has closed no window.
bool RingWorld::has_time() {
    const Duration open = now() - window_begin_;
    if (open < kSleepWindow) return slept_share_ >= 0.5;
    return 2 * slept_ >= open;
}

void RingWorld::note_slept(Time from, Time until) {
    slept_ += until - from;
    const Duration open = until - window_begin_;
    if (open < kSleepWindow) return;
    slept_share_ = static_cast<double>(slept_.count()) / static_cast<double>(open.count());
    slept_ = {};
    window_begin_ = until;
}

Time RingWorld::now() const { return Time(read_clock(CLOCK_MONOTONIC)); }

std::int64_t RingWorld::wall_clock_ms() const { return read_clock(CLOCK_REALTIME) / 1'000'000; }

std::uint64_t RingWorld::random() {
    std::uint64_t value = 0;
    while (getrandom(&value, sizeof value, 0) != sizeof value) {
    }
    return value;
}

Result<std::int32_t> RingWorld::register_memory(MutableBytes memory) {
    if (memory_refused_ || !features().has(RingFeature::kFixedBuffers)) return kUnregistered;
    const auto index = ring_->register_memory(memory);
    memory_refused_ = !index;
    return index;
}

void RingWorld::take_provided(Operation& operation, std::uint32_t completion_flags) {
    std::byte* const piece = provided_->piece(completion_flags);
    if (operation.result > 0) {
        *static_cast<std::byte**>(operation.request.data) = piece;
    } else {
        provided_->give_back(piece);
    }
}

void RingWorld::take_completions() {
    ring_->reap([this](std::uint64_t user_data, std::int32_t result, std::uint32_t flags) {
        if (user_data == kNobody) return;
        if (user_data == kHelperBell) return take_from_helper();
        if (user_data <= kBellEventMax) return take_bell(static_cast<BellEvent>(user_data), result);
        auto& operation = *reinterpret_cast<Operation*>(user_data);
        const auto finished = finish(*ring_, operation, result);
        if (!finished) return;
        operation.result = *finished;
        if ((flags & IORING_CQE_F_BUFFER) != 0) take_provided(operation, flags);
        --in_flight_;
        ready().push(operation);
    });
}

void RingWorld::take_bell(BellEvent event, std::int32_t result) {
    if (event == BellEvent::kRead) bell_.on_read();
    // A ring with no room for the entry has completions to look at, and doesn't sleep.
    expect(event != BellEvent::kSent || result == -EOVERFLOW, "a doorbell cannot be rung");
}

bool RingWorld::run_ready() {
    for (int count = 0; count < kRunnablesPerTurn && !ready().empty(); ++count) ready().pop().run();
    ready().end_turn();
    return ready().empty();
}

void RingWorld::run() {
    const RunScope scope(*this);
    for (;;) {
        take_completions();
        (void)take_mail();
        if (timers().next_deadline()) timers().fire_until(now());
        const bool idle = run_ready();
        const bool posted = post_mail();
        if (!idle) {
            ring_->submit();
            continue;
        }
        if (stopping_ && in_flight_ == 0) break;
        sleep(!posted);
    }
    (void)post();
}

bool RingWorld::post() {
    const bool posted = post_mail();
    ring_->submit();
    return posted;
}

void RingWorld::sleep(bool mail_is_left) {
    if (!fall_asleep()) return ring_->submit();
    std::optional<Duration> limit;
    if (const auto deadline = timers().next_deadline()) limit = *deadline - now();
    if (mail_is_left) limit = std::min(limit.value_or(kFullMailboxPause), kFullMailboxPause);
    const Time from = now();
    ring_->submit_and_wait(limit);
    note_slept(from, now());
    wake_up();
}

}  // namespace millrace
