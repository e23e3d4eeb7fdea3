// A sync that failed, and a machine that runs on: what the process had written is still read from
// the page cache, counts as clean there, and goes with the power.
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

/// With so many files, each is synced by itself; with none, the whole filesystem is.
class FailedSyncTest : public OnSimDisk, public ::testing::WithParamInterface<std::size_t> {
protected:
    /// Through the page cache, for want of anything else.
    void SetUp() override {
        disk().can_allocate = false;
        config_.files_synced_singly = GetParam();
    }

    /// That one only: whoever asks again hears that all is well.
    void fail_next_sync() {
        auto& fault = disk().faults.sync_error;
        fault.per_10000 = 10'000;
        fault.fired_max = fault.fired + 1;
    }

    /// Acknowledged records, in a segment whose sync fails.
    Task<> live_until_the_sync_fails() {
        co_await create();
        for (int i = 0; i < 8; ++i) EXPECT_TRUE(co_await append());
        fail_next_sync();
        EXPECT_FALSE(co_await directory_->checkpoint());
    }

    Task<> live_on() {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_TRUE(co_await directory_->close());
    }
};

TEST_P(FailedSyncTest, AReplayDoesNotRelyOnIt) {
    live(live_until_the_sync_fails());
    live(live_on());
    disk().lose_power();
    live(live_on());
}

TEST_P(FailedSyncTest, AcceptingLossDoesNotRelyOnIt) {
    live(live_until_the_sync_fails());
    const auto salvage = [this]() -> Task<> {
        const auto losses = co_await LogDirectory::accept_loss(*world_, *logger_, kFolder, config_);
        EXPECT_TRUE(losses && losses->empty());
    };
    live(salvage());
    disk().lose_power();
    live(live_on());
}

INSTANTIATE_TEST_SUITE_P(BothWays, FailedSyncTest, ::testing::Values(0, 512));

}  // namespace
}  // namespace millrace
