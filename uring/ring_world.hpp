// The real world of one shard: an io_uring, the kernel's clocks and chance.
//
// One turn of the loop: take in completions and mail, fire timers, run what is ready (bounded, so
// that the kernel is asked again soon), wake the shards that were sent something, hand over what
// was wished for in one system call, sleep when nothing is ready.
#pragma once

#include "core/runtime/world.hpp"
#include "uring/doorbell.hpp"
#include "uring/helper.hpp"
#include "uring/provided_buffers.hpp"
#include "uring/ring.hpp"

#include <memory>

namespace millrace {

/// Lives on the thread that opened it. run() returns when `stop()` was called and nothing is ready
/// or in flight; what is parked then is destroyed with the world.
class RingWorld final : public World {
public:
    static Result<std::unique_ptr<RingWorld>> open(RingFeatures allowed);
    ~RingWorld();

    void submit(Operation& operation) override;
    void cancel(Operation& operation) override;
    Time now() const override;
    std::int64_t wall_clock_ms() const override;
    std::uint64_t random() override;
    Result<std::int32_t> register_memory(MutableBytes memory) override;
    void unregister_memory(std::int32_t index) override { ring_->unregister_memory(index); }

    bool provides_memory() const override { return provided_ != nullptr; }
    void give_back(const std::byte* memory) override { provided_->give_back(memory); }
    void wake(World& peer) override;
    bool has_time() override;
    void close_unheard(std::int32_t handle) override;

    void run();
    /// What was sent after run() had returned leaves; false while a mailbox is full.
    bool post();
    /// No turn is begun once nothing is ready or in flight.
    void stop() { stopping_ = true; }

    RingFeatures features() const { return ring_->features(); }

private:
    RingWorld(std::unique_ptr<HelperPort> helper, std::unique_ptr<Ring> ring);

    void take_completions();
    void take_provided(Operation& operation, std::uint32_t completion_flags);
    void take_from_helper();
    void listen_for_helper();
    void take_bell(BellEvent event, std::int32_t result);
    bool run_ready();
    void sleep(bool mail_is_left);
    void note_slept(Time from, Time until);

    std::unique_ptr<HelperPort> helper_;
    std::uint64_t with_helper_{};  // operations
    std::uint64_t rings_heard_{};  // what the kernel reads from the helper's bell
    bool listening_for_helper_{};
    std::unique_ptr<ProvidedBuffers> provided_;  // null without the feature
    Doorbell bell_;
    // Goes before what its requests point to.
    std::unique_ptr<Ring> ring_;
    std::uint64_t in_flight_{};
    // Since `window_begin_`; and the share of the window before it that was slept through.
    Duration slept_{};
    Time window_begin_{};
    double slept_share_ = 1;
    bool memory_refused_{};
    bool stopping_{};
};

}  // namespace millrace
