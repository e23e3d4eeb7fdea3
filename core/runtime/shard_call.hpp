// A visit to another shard and back: what the caller wants done there, and what came of it, in one
// named object in the caller's frame.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/operation.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace millrace {

namespace detail {

template <class T>
struct VisitOutcome {
    using Type = T;
    static constexpr bool kIsTask = false;
};
template <class T>
struct VisitOutcome<Task<T>> {
    using Type = T;
    static constexpr bool kIsTask = true;
};

}  // namespace detail

/// Runs `function`, which returns a value, nothing, or a Task of either, on shard `target`, and
/// comes home with what it returned. A call can't be given up while it is away: the caller's frame
/// waits for it, and a deadline travels inside `function`. On the own shard nothing is sent.
///
/// What `function` refers to is the caller's; it may be touched there while the call is away, and
/// not at home. `function` itself is destroyed at home.
template <class Function>
class ShardCall final : private Message {
    using Returned = detail::VisitOutcome<std::invoke_result_t<Function&>>;
    using Outcome = typename Returned::Type;
    using Stored = std::conditional_t<std::is_void_v<Outcome>, std::monostate, Outcome>;

public:
    ShardCall(World& home, ShardNumber target, Function function)
        : Message(&ShardCall::on_arrival),
          home_(home),
          target_(target),
          function_(std::move(function)) {}
    ~ShardCall() { expect(!away_ || home_.ending(), "a shard call goes while it is away"); }

    /// Goes and comes back.
    Task<Outcome> run() {
        if constexpr (Returned::kIsTask) {
            if (target_ == home_.shard()) co_return co_await function_();
        }
        start();
        co_await come_home();
        co_return take();
    }

    /// Goes, while the caller does something else. come_home() follows, on every path.
    void start() {
        away_ = true;
        if (target_ == home_.shard()) {
            visit();
        } else {
            home_.send(target_, *this);
        }
    }

    Task<> come_home() {
        if (!away_) co_return;
        ShardCall* const self = this;
        (void)co_await park([self](Parked& parked) { self->caller_ = &parked; });
    }

    /// What `function` returned. REQUIRES: it has come home, and this is asked once.
    Outcome take() {
        if constexpr (!std::is_void_v<Outcome>) return std::move(*outcome_);
    }

private:
    static void on_arrival(Message& message) {
        auto& self = static_cast<ShardCall&>(message);
        if (self.visited_) {
            self.end();
        } else {
            self.visit();
        }
    }

    void visit() {
        if constexpr (Returned::kIsTask) {
            spawn(home_.peer(target_), serve(*this));
        } else if constexpr (std::is_void_v<Outcome>) {
            function_();
            go_home();
        } else {
            outcome_.emplace(function_());
            go_home();
        }
    }

    static Task<> serve(ShardCall& self) {
        Task<Outcome> task = self.function_();
        if constexpr (std::is_void_v<Outcome>) {
            co_await std::move(task);
        } else {
            Outcome outcome = co_await std::move(task);
            self.outcome_.emplace(std::move(outcome));
        }
        self.go_home();
    }

    /// The caller's frame may be gone when this returns.
    void go_home() {
        if (target_ == home_.shard()) return end();
        visited_ = true;
        home_.peer(target_).send(home_.shard(), *this);
    }

    void end() {
        away_ = false;
        Parked* const caller = std::exchange(caller_, nullptr);
        if (caller != nullptr) caller->resume(home_, {});
    }

    World& home_;
    const ShardNumber target_;
    Function function_;
    std::optional<Stored> outcome_;
    // While it is away, home looks only at these two,
    bool away_{};
    Parked* caller_{};
    // and the other shard at everything else.
    bool visited_{};
};

/// A word from the shard that is visited to the caller's, before the visit has ended: `heard` runs
/// on the caller's shard. Said at most once, and always before its call comes home, so it may live
/// beside it.
template <class Function>
class ShardNote final : private Message {
public:
    ShardNote(World& home, Function heard)
        : Message(&ShardNote::on_arrival), home_(home), heard_(std::move(heard)) {}

    /// On the shard `here`.
    void say(World& here) {
        if (here.shard() == home_.shard()) {
            heard_();
        } else {
            here.send(home_.shard(), *this);
        }
    }

private:
    static void on_arrival(Message& message) { static_cast<ShardNote&>(message).heard_(); }

    World& home_;
    Function heard_;
};

/// Runs `visit(i)`, a Task<Result<void>>, on shard targets[i] for every i, all at once; returns
/// when all are home, with the first error. `visit` is called on several shards at a time.
template <class Visit>
Task<Result<void>> visit_all(World& home, std::vector<ShardNumber> targets, Visit visit) {
    const auto bind = [&visit](std::size_t i) { return [&visit, i] { return visit(i); }; };
    std::deque<ShardCall<decltype(bind(0))>> calls;
    for (const ShardNumber target : targets) {
        calls.emplace_back(home, target, bind(calls.size()));
    }
    for (auto& call : calls) call.start();
    Result<void> outcome;
    for (auto& call : calls) {
        co_await call.come_home();
        const Result<void> each = call.take();
        if (outcome) outcome = each;
    }
    co_return outcome;
}

}  // namespace millrace
