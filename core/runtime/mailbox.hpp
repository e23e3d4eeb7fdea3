// What goes from one shard to another: messages that live with their sender, in a queue for each
// ordered pair of shards, and the flag that says who must be woken for them.
//
// With the count of chunks that are held (storage/chunk_cache.hpp) the only place of the domain
// with atomics: everything else is touched by one shard at a time, and a message's way through its
// mailbox orders what both of them do with it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace millrace {

/// Lives in its sender's memory until it has arrived; arrive() runs on the receiver's shard.
class Message {
public:
    using Arrive = void (*)(Message&);

    explicit Message(Arrive on_arrival) : arrive_(on_arrival) {}
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    void arrive() { arrive_(*this); }

protected:
    ~Message() = default;

private:
    friend class Mailbox;

    Arrive arrive_;
    Message* next_{};  // in the sender's list of what the queue had no place for
};

inline constexpr std::size_t kCacheLineBytes = 64;

/// One sender, one receiver, first in, first out. Sending never fails and never waits: what the
/// queue has no place for stays in a list of the sender's, which flush() moves on.
class Mailbox {
public:
    static constexpr std::uint32_t kPlaces = 256;

    /// On the sender's shard.
    void send(Message& message) {
        if (list_ == nullptr && try_push(message)) return;
        message.next_ = nullptr;
        (list_ == nullptr ? list_ : last_->next_) = &message;
        last_ = &message;
    }

    /// On the sender's shard: true when nothing of it is left with the sender.
    bool flush() {
        while (list_ != nullptr) {
            Message& first = *list_;
            Message* const rest = first.next_;
            if (!try_push(first)) return false;
            list_ = rest;
        }
        return true;
    }

    /// On the receiver's shard: the next message, or null.
    Message* take() {
        const std::uint32_t at = taken_.load(std::memory_order_relaxed);
        if (at == sent_.load(std::memory_order_acquire)) return nullptr;
        Message* const message = places_[at % kPlaces];
        taken_.store(at + 1, std::memory_order_release);
        return message;
    }

    /// On the receiver's shard.
    bool empty() const {
        return taken_.load(std::memory_order_relaxed) == sent_.load(std::memory_order_acquire);
    }

    /// Forgets what is under way: both ends are going, and nobody looks at it again.
    void clear() {
        list_ = nullptr;
        taken_.store(sent_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }

private:
    bool try_push(Message& message) {
        const std::uint32_t at = sent_.load(std::memory_order_relaxed);
        if (at - taken_.load(std::memory_order_acquire) == kPlaces) return false;
        places_[at % kPlaces] = &message;
        sent_.store(at + 1, std::memory_order_release);
        return true;
    }

    alignas(kCacheLineBytes) std::atomic<std::uint32_t> sent_{};
    Message* list_{};
    Message* last_{};
    alignas(kCacheLineBytes) std::atomic<std::uint32_t> taken_{};
    alignas(kCacheLineBytes) std::array<Message*, kPlaces> places_{};
};

/// Whether a shard sleeps, so that only a sleeper is woken, and by one of its peers only.
///
/// Both sides exchange the same flag, so one of them comes first: either the sender finds the
/// sleeper, or the sleeper finds the mail.
class SleepFlag {
public:
    /// The owner is about to sleep. It looks for mail once more afterwards.
    void set() { asleep_.exchange(true, std::memory_order_acq_rel); }
    /// The owner is awake.
    void clear() { asleep_.store(false, std::memory_order_relaxed); }
    /// A sender has put mail down: true when it must wake the owner.
    bool take() { return asleep_.exchange(false, std::memory_order_acq_rel); }

private:
    alignas(kCacheLineBytes) std::atomic<bool> asleep_{};
};

}  // namespace millrace
