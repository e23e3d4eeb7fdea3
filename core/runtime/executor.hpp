// The one executor of the product: a pointer to a World that Asio's coroutines can post to.
#pragma once

#include "core/runtime/world.hpp"

#include <boost/asio/detail/recycling_allocator.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace millrace {

namespace detail {

template <class T>
using RecyclingAllocator =
    boost::asio::detail::recycling_allocator<T, boost::asio::detail::thread_info_base::default_tag>;

/// A Runnable around any callable, allocated from the thread's recycled blocks.
template <class Function>
class FunctionRunnable final : public Runnable {
public:
    template <class F>
    static Runnable& make(F&& function) {
        RecyclingAllocator<FunctionRunnable> allocator;
        auto* memory = allocator.allocate(1);
        return *::new (static_cast<void*>(memory)) FunctionRunnable(std::forward<F>(function));
    }

private:
    template <class F>
    explicit FunctionRunnable(F&& function)
        : Runnable(&FunctionRunnable::act), function_(std::forward<F>(function)) {}

    static void act(Runnable& base, bool run) {
        auto& self = static_cast<FunctionRunnable&>(base);
        Function function(std::move(self.function_));
        self.~FunctionRunnable();
        // The block goes back before the function runs, so that what it starts can use it.
        RecyclingAllocator<FunctionRunnable>().deallocate(&self, 1);
        if (run) std::move(function)();
    }

    Function function_;
};

}  // namespace detail

class Executor {
public:
    explicit Executor(World& world) noexcept : world_(&world) {}

    World& world() const noexcept { return *world_; }

    template <class Function>
    void execute(Function&& function) const {
        using Made = detail::FunctionRunnable<std::decay_t<Function>>;
        world_->defer(Made::make(std::forward<Function>(function)));
    }

    World& query(boost::asio::execution::context_t) const noexcept { return *world_; }
    static constexpr auto query(boost::asio::execution::blocking_t) noexcept {
        return boost::asio::execution::blocking_t(boost::asio::execution::blocking.never);
    }
    Executor require(boost::asio::execution::blocking_t::never_t) const noexcept { return *this; }

    friend bool operator==(const Executor&, const Executor&) noexcept = default;

private:
    World* world_;
};

static_assert(sizeof(Executor) == 8);

}  // namespace millrace
