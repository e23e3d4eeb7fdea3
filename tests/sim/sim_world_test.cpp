// What the simulated world promises beside its faults.
#include "tests/sim/sim_world.hpp"

#include "core/runtime/stream.hpp"
#include "core/runtime/timer.hpp"

#include <gtest/gtest.h>

namespace millrace::sim {
namespace {

/// An operation of nobody's, to be looked at.
class Wish final : public Operation {
public:
    explicit Wish(const IoRequest& wanted) : Operation(wanted, &Wish::act) {}

    bool done{};

private:
    static void act(Runnable& self, bool) { static_cast<Wish&>(self).done = true; }
};

/// Submits what nobody will ever serve, and cancels it; twice, which does no harm.
Task<> submit_and_cancel(World& world, IoRequest request) {
    Wish wish(request);
    world.submit(wish);
    co_await sleep_for(world, std::chrono::seconds(1));
    EXPECT_FALSE(wish.done);
    world.cancel(wish);
    while (!wish.done) co_await sleep_for(world, std::chrono::milliseconds(1));
    EXPECT_EQ(wish.result, -ECANCELED);
    world.cancel(wish);
}

Task<> cancel_waits(World& world, bool& ended) {
    std::uint16_t port = 0;
    const auto listening = co_await perform(world, {.kind = IoKind::kListen, .data = &port});
    const auto door = static_cast<std::int32_t>(*listening);
    co_await submit_and_cancel(world, {.kind = IoKind::kAccept, .handle = door});
    auto stream = co_await Stream::connect(world, "127.0.0.1", port);
    const auto accepted = co_await perform(world, {.kind = IoKind::kAccept, .handle = door});
    const auto peer = static_cast<std::int32_t>(*accepted);
    std::byte byte{};
    co_await submit_and_cancel(
        world, {.kind = IoKind::kReceive, .handle = peer, .data = &byte, .size = 1});
    co_await stream->close();
    ended = true;
}

TEST(SimWorld, ACancelledWaitEndsAsCancelled) {
    Simulation simulation(1);
    bool ended = false;
    SimProcess& process = simulation.start_process();
    spawn(process, cancel_waits(process, ended));
    EXPECT_TRUE(simulation.run_until([&ended] { return ended; }));
}

}  // namespace
}  // namespace millrace::sim
