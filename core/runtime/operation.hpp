// perform() turns an IoRequest into something to co_await; park() suspends a coroutine until
// somebody resumes it by hand. The only two places where a coroutine's continuation becomes a plain
// object.
#pragma once

#include "core/base/result.hpp"
#include "core/runtime/task.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <cstdint>
#include <utility>

namespace millrace {

namespace detail {

/// Memory and continuation of one suspended coroutine: shared by operations and parked waiters.
template <class Derived, class Handler>
class Continuation {
public:
    static RecyclingAllocator<Derived> allocator() { return {}; }

protected:
    /// Frees `self` and hands the handler out, so that it runs with the block already recycled.
    static Handler take(Derived& self) {
        Handler handler(std::move(self.handler));
        self.~Derived();
        allocator().deallocate(&self, 1);
        return handler;
    }
};

template <class Handler>
class HandlerOperation final : public Operation,
                               private Continuation<HandlerOperation<Handler>, Handler> {
    using Base = Continuation<HandlerOperation<Handler>, Handler>;
    friend Base;

public:
    static void start(World& world, Handler handler, const IoRequest& request) {
        auto* memory = Base::allocator().allocate(1);
        auto* operation =
            ::new (static_cast<void*>(memory)) HandlerOperation(std::move(handler), request);
        auto slot = boost::asio::get_associated_cancellation_slot(operation->handler);
        if (slot.is_connected()) {
            slot.assign(
                [&world, operation](boost::asio::cancellation_type) { world.cancel(*operation); });
        }
        world.submit(*operation);
    }

    Handler handler;

private:
    HandlerOperation(Handler&& continuation, const IoRequest& wish)
        : Operation(wish, &HandlerOperation::act), handler(std::move(continuation)) {}

    static void act(Runnable& base, bool run) {
        auto& self = static_cast<HandlerOperation&>(base);
        const std::int32_t result = self.result;
        boost::asio::get_associated_cancellation_slot(self.handler).clear();
        Handler handler = Base::take(self);
        if (!run) return;
        if (result < 0) {
            std::move(handler)(Result<std::uint32_t>(system_error(-result)));
        } else {
            std::move(handler)(Result<std::uint32_t>(static_cast<std::uint32_t>(result)));
        }
    }
};

}  // namespace detail

/// `co_await perform(world, request)` yields Result<std::uint32_t>: what the request's kind
/// promises. Whatever the request points to must outlive the await.
inline auto perform(World& world, IoRequest request) {
    return boost::asio::async_initiate<const boost::asio::deferred_t, void(Result<std::uint32_t>)>(
        [&world](auto handler, IoRequest wish) {
            using Handler = std::decay_t<decltype(handler)>;
            detail::HandlerOperation<Handler>::start(world, std::move(handler), wish);
        },
        boost::asio::deferred, request);
}

/// A suspended coroutine. Lives until resume() has been called once and the world has run it, or
/// until the world ends: whoever keeps a reference keeps it inside the frame of that coroutine, in
/// an object that unlinks itself.
class Parked : public Suspended {
public:
    /// Sets what the coroutine will see and puts it into the world's queue.
    void resume(World& world, Result<void> outcome) {
        if (world.ending()) return;
        unlink();
        outcome_ = outcome;
        world.defer(*this);
    }
    /// The same, once nothing else is ready.
    void resume_at_end(World& world) {
        if (world.ending()) return;
        unlink();
        world.defer_to_end(*this);
    }

protected:
    explicit Parked(Act act) : Suspended(act) {}
    ~Parked() = default;

    Result<void> outcome_;
};

namespace detail {

template <class Handler>
class HandlerParked final : public Parked, private Continuation<HandlerParked<Handler>, Handler> {
    using Base = Continuation<HandlerParked<Handler>, Handler>;
    friend Base;

public:
    static Parked& make(Handler handler) {
        const Executor executor = boost::asio::get_associated_executor(handler);
        auto* memory = Base::allocator().allocate(1);
        auto* parked = ::new (static_cast<void*>(memory)) HandlerParked(std::move(handler));
        executor.world().add_suspended(*parked);
        return *parked;
    }

    Handler handler;

private:
    explicit HandlerParked(Handler&& continuation)
        : Parked(&HandlerParked::act), handler(std::move(continuation)) {}

    static void act(Runnable& base, bool run) {
        auto& self = static_cast<HandlerParked&>(base);
        const Result<void> outcome = self.outcome_;
        Handler handler = Base::take(self);
        if (run) std::move(handler)(outcome);
    }
};

}  // namespace detail

/// `co_await park(on_parked)` suspends the coroutine and calls on_parked(Parked&), which keeps the
/// reference until it resumes it. Yields what resume() was given. `on_parked` is trivially
/// destructible: a pointer, or a lambda that captures pointers.
template <class OnParked>
auto park(OnParked on_parked) {
    static_assert(std::is_trivially_destructible_v<OnParked>);
    return boost::asio::async_initiate<const boost::asio::deferred_t, void(Result<void>)>(
        [](auto handler, OnParked parked) {
            using Handler = std::decay_t<decltype(handler)>;
            parked(detail::HandlerParked<Handler>::make(std::move(handler)));
        },
        boost::asio::deferred, on_parked);
}

}  // namespace millrace
