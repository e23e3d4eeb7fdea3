// Task<T>: a coroutine on one shard, and spawn(), which starts one that nobody awaits.
//
// Parameters of a coroutine are values, or references to objects that outlive the call. Awaited
// calls take trivially destructible descriptors or named objects (GCC 12 destroys other aggregate
// temporaries of a co_await expression twice).
#pragma once

#include "core/base/result.hpp"
#include "core/runtime/executor.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>

namespace millrace {

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// Starts `task` on `world`; its end is its own business (a Gate waits for it). An exception that
/// leaves it is a broken invariant and ends the process.
inline void spawn(World& world, Task<> task) {
    boost::asio::co_spawn(Executor(world), std::move(task), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

/// `co_await this_world()` names the world that the running coroutine lives on.
inline Task<World*> this_world() {
    const Executor executor = co_await boost::asio::this_coro::executor;
    co_return &executor.world();
}

}  // namespace millrace
