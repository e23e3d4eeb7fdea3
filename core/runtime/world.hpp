// The seam between the broker and everything outside it: time, chance, disk, network.
//
// One World per shard. The broker runs on uring/ring_world.hpp; the same code runs on the simulated
// world of tests/sim. Nothing below `cluster/brokerd` knows which one it is on.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/observe/logger.hpp"
#include "core/observe/shard_metrics.hpp"
#include "core/runtime/io_request.hpp"
#include "core/runtime/mailbox.hpp"
#include "core/runtime/timer_queue.hpp"

#include <boost/asio/detail/thread_context.hpp>
#include <boost/asio/detail/thread_info_base.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/version.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace millrace {

static_assert(BOOST_VERSION >= 107700 && BOOST_VERSION < 108800,
              "asio::detail::thread_context is private to Asio: check RunScope with this version");

/// A piece of work that is ready to run, linked into its world's queue without an allocation.
/// act(run = false) destroys it without running it, when the world ends first.
class Runnable {
public:
    using Act = void (*)(Runnable&, bool run);

    explicit Runnable(Act act) : act_(act) {}
    Runnable(const Runnable&) = delete;
    Runnable& operator=(const Runnable&) = delete;

    void run() { act_(*this, true); }
    void destroy() { act_(*this, false); }

    Runnable* next{};

protected:
    ~Runnable() = default;

private:
    Act act_;
};

/// First in, first out.
class RunnableQueue {
public:
    bool empty() const { return head_ == nullptr; }

    void push(Runnable& runnable) {
        runnable.next = nullptr;
        (head_ == nullptr ? head_ : tail_->next) = &runnable;
        tail_ = &runnable;
    }

    Runnable& pop() {
        Runnable& first = *head_;
        head_ = first.next;
        return first;
    }

private:
    Runnable* head_{};
    Runnable* tail_{};
};

/// What is ready to run, and what waits until nothing else is.
class ReadyQueue {
public:
    bool empty() const { return now_.empty() && at_end_.empty(); }
    void push(Runnable& runnable) { now_.push(runnable); }
    void push_to_end(Runnable& runnable) { at_end_.push(runnable); }

    Runnable& pop() {
        if (now_.empty()) std::swap(now_, at_end_);
        return now_.pop();
    }

    /// The turn is over with something still ready: what waits for its end doesn't wait for more.
    void end_turn() {
        while (!at_end_.empty()) now_.push(at_end_.pop());
    }

private:
    RunnableQueue now_;
    RunnableQueue at_end_;
};

/// A suspended coroutine that nothing but its world and whoever will resume it knows about. Listed
/// in the world, so that a world that ends first finds it.
class Suspended : public Runnable,
                  public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
protected:
    using Runnable::Runnable;
    ~Suspended() = default;
};

/// An IoRequest in flight. The world writes `result` (bytes, a handle, or a negated errno) and then
/// defers the operation exactly once.
class Operation : public Runnable {
public:
    Operation(const IoRequest& wish, Act act) : Runnable(act), request(wish) {}

    IoRequest request;
    std::int32_t result{};
    /// The world's own: a message header that the kernel reads after submit() has returned.
    alignas(8) std::byte scratch[64]{};

protected:
    ~Operation() = default;
};

struct FolderEntry {
    std::string name;
    bool is_folder{};

    auto operator<=>(const FolderEntry&) const = default;
};

class World;

/// Numbers the shards of a process, from 0.
using ShardNumber = std::uint32_t;

/// The other shards, as a world sees them (core/runtime/shard.hpp).
class Peers {
public:
    virtual ShardNumber count() const = 0;
    virtual World& world(ShardNumber shard) const = 0;
    virtual void send(ShardNumber from, ShardNumber to, Message& message) = 0;
    virtual bool deliver(ShardNumber to) = 0;
    virtual bool post(ShardNumber from) = 0;
    virtual bool fall_asleep(ShardNumber self) = 0;
    virtual void wake_up(ShardNumber self) = 0;

protected:
    ~Peers() = default;
};

/// What can be asked of the outside. All calls come from the world's own shard.
class World : public boost::asio::execution_context,
              public boost::asio::detail::thread_context,
              public WallClock {
public:
    World() = default;

    /// Runs `runnable` in a later step of this shard, never inside the caller.
    void defer(Runnable& runnable) {
        if (ending_) return runnable.destroy();
        ready_.push(runnable);
    }
    /// The same, once nothing else is ready, or the turn is over: what it has brought is done by
    /// then, or is more than a turn's work.
    void defer_to_end(Runnable& runnable) {
        if (ending_) return runnable.destroy();
        ready_.push_to_end(runnable);
    }
    virtual void submit(Operation& operation) = 0;
    /// Asks for an early end of a submitted operation; it still completes, maybe with -ECANCELED.
    virtual void cancel(Operation& operation) = 0;
    virtual Time now() const = 0;
    virtual std::uint64_t random() = 0;
    /// Rings the doorbell of another shard of this process, which sleeps. A world that is alone has
    /// nobody to wake.
    virtual void wake(World&) {}

    /// Makes this world shard `number` of a process with several. Called before it runs.
    void join(Peers& peers, ShardNumber number) {
        peers_ = &peers;
        shard_ = number;
    }
    ShardNumber shard() const { return shard_; }
    ShardNumber shard_count() const { return peers_ == nullptr ? 1 : peers_->count(); }
    World& peer(ShardNumber number) { return number == shard_ ? *this : peers_->world(number); }
    /// `message` arrives on another shard; those of one sender to one receiver arrive in order.
    void send(ShardNumber to, Message& message) { peers_->send(shard_, to, message); }

    /// Prepares memory that many requests will name by the index, in IoRequest::buffer, so that
    /// each of them costs less. kUnregistered where that gains nothing. The error is the kernel's
    /// and comes once: a world that was refused doesn't ask again.
    virtual Result<std::int32_t> register_memory(MutableBytes) { return kUnregistered; }
    /// REQUIRES: no request in flight names it.
    virtual void unregister_memory(std::int32_t) {}

    /// Whether this world knows kIntoProvided.
    virtual bool provides_memory() const { return false; }
    /// Takes back what a kReceive with kIntoProvided gave out.
    virtual void give_back(const std::byte*) {}

    /// Whether this shard has slept for at least half of the last moments: work that comes to it is
    /// begun at once, and it can take more.
    virtual bool has_time() { return true; }

    /// Closes a file at once, from any shard's thread, when nobody waits for the outcome. A world
    /// without files has nothing to close.
    virtual void close_unheard(std::int32_t) {}

    TimerQueue& timers() { return timers_; }
    ShardMetrics& metrics() { return metrics_; }

    void add_suspended(Suspended& suspended) { suspended_.push_back(suspended); }

    /// The world ends before its coroutines have: their frames are destroyed where they stand, in
    /// no particular order. A destructor in such a frame touches only what the frame itself owns,
    /// and promises like "closed before it goes" are void, as they are when a process is killed.
    bool ending() const { return ending_; }

protected:
    ~World() = default;

    ReadyQueue& ready() { return ready_; }
    const ReadyQueue& ready() const { return ready_; }

    /// Once a turn: runs the messages that have come; true when there were any.
    bool take_mail() { return peers_ != nullptr && peers_->deliver(shard_); }
    /// Once a turn, after what was ready has run. False while some mail has found no place.
    bool post_mail() { return peers_ == nullptr || peers_->post(shard_); }
    /// True when the loop may sleep; it calls wake_up() afterwards.
    bool fall_asleep() { return peers_ == nullptr || peers_->fall_asleep(shard_); }
    void wake_up() {
        if (peers_ != nullptr) peers_->wake_up(shard_);
    }

    /// ending() is true from here on. The worlds of one process all begin to end before any of
    /// them destroys something, because frames of one shard refer to objects of another.
    void begin_to_end() { ending_ = true; }

    /// Destroys all suspended coroutines. From here on defer() has to destroy what it is given, at
    /// once: a frame must be gone before the next one is looked at. What is ready or in flight is
    /// the caller's to destroy, afterwards.
    void destroy_suspended() {
        begin_to_end();
        timers_.clear();
        while (!suspended_.empty()) {
            Suspended& last = suspended_.back();
            suspended_.pop_back();
            last.destroy();
        }
    }

    /// While one of these stands, Asio recycles coroutine frames on this thread.
    class RunScope {
    public:
        explicit RunScope(World& world) : context_(&world, info_) {}

    private:
        boost::asio::detail::thread_info_base info_;
        thread_call_stack::context context_;
    };

private:
    ReadyQueue ready_;
    TimerQueue timers_;
    ShardMetrics metrics_;
    boost::intrusive::list<Suspended, boost::intrusive::constant_time_size<false>> suspended_;
    bool ending_{};
    Peers* peers_{};
    ShardNumber shard_{};
};

}  // namespace millrace
