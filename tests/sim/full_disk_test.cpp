// A log directory on a disk without room: what was acknowledged stays and is read, appends are
// refused until there is room again, and stops and starts go on. The disk is the simulator's.
#include "tests/sim/on_sim_disk.hpp"

namespace millrace {
namespace {

using sim::SimDisk;

// A look comes each second, wherever in it the room does, and a slow disk takes its time for the
// ballast.
constexpr Duration kUntilTakenAgain = std::chrono::milliseconds(1'300);
const TopicPartition kOther{"u", PartitionIndex{0}};

class FullDiskTest : public OnSimDisk {
protected:
    /// Appends until the directory is full.
    Task<> append_until_full() {
        for (int i = 0; i < 1'000; ++i) {
            const auto appended = co_await append();
            if (appended) continue;
            EXPECT_TRUE(is_full(appended.error()));
            co_return;
        }
        ADD_FAILURE() << "the disk is never full";
    }

    /// Somebody else takes all that is left but `bytes`.
    void squeeze(std::uint64_t bytes) { disk().capacity = disk().used() + bytes; }
};

TEST_F(FullDiskTest, ACleanStopOnAFullDiskLeavesACleanDirectory) {
    const auto first = [this]() -> Task<> {
        co_await create();
        squeeze(100'000);
        co_await append_until_full();
        EXPECT_TRUE(co_await directory_->close());
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_FALSE(lines_.contain("recovering"));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(second());
}

TEST_F(FullDiskTest, AStopFindsItsRoomInTheBallast) {
    const auto first = [this]() -> Task<> {
        co_await create();
        EXPECT_TRUE(co_await append());
        squeeze(0);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(first());
    const auto second = [this]() -> Task<> {
        squeeze(0);
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(second());
}

TEST_F(FullDiskTest, AStartWithoutAByteFreeDrainsTheJournalAndIsFull) {
    const auto first = [this]() -> Task<> {
        co_await create();
        for (int i = 0; i < 8; ++i) EXPECT_TRUE(co_await append());
    };
    live(first());
    squeeze(0);
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_TRUE(lines_.contain("recovered"));
        EXPECT_TRUE(lines_.contain("a log directory is full"));
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_FALSE(co_await append());
    };
    live(second());
    const auto third = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_FALSE(co_await append());
        disk().capacity = SimDisk::kCapacity;
        co_await sleep_for(*world_, kUntilTakenAgain);
        EXPECT_TRUE(co_await append());
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(third());
}

TEST_F(FullDiskTest, EverythingThatWasAdmittedFindsRoomInTheBallast) {
    const auto first = [this]() -> Task<> {
        co_await create();
        // As much as may be on account, in the air while the last byte goes.
        std::vector<Bytes> batches;
        squeeze(0);
        EXPECT_TRUE(co_await log_->wait_for_room(40'000));
        for (std::uint64_t bytes = 0; bytes < 100'000; bytes += 10'000) {
            Bytes batch = make_batch({.value_bytes = 10'000, .base_timestamp = next_++});
            const auto appended = log_->append(batch, LeaderEpoch{0});
            EXPECT_TRUE(appended);
            append_bytes(expected_, batch);
        }
        const Offset end = log_->log_end_offset();
        EXPECT_TRUE(co_await log_->wait_durable(end, kNever));
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_EQ(log_->synced_end(), end);
        EXPECT_FALSE(co_await append());
        EXPECT_TRUE(co_await directory_->close());
    };
    live(first());
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_TRUE(co_await directory_->close());
    };
    live(second());
}

TEST_F(FullDiskTest, AppendsAreRefusedAndTakenAgainAndNothingIsLost) {
    const auto first = [this]() -> Task<> {
        co_await create();
        squeeze(100'000);
        co_await append_until_full();
        EXPECT_TRUE(lines_.contain("a log directory is full"));
        EXPECT_EQ(co_await read_everything(), expected_);
        // A topic more: an error, and no more than that.
        EXPECT_FALSE(co_await directory_->create(kOther, {}));
        EXPECT_FALSE(log_->failed());
        co_await sleep_for(*world_, std::chrono::seconds(10));
        EXPECT_FALSE(co_await append());
        disk().capacity = SimDisk::kCapacity;
        co_await sleep_for(*world_, kUntilTakenAgain);
        EXPECT_TRUE(co_await append());
        EXPECT_TRUE(lines_.contain("takes appends again"));
        EXPECT_EQ(co_await read_everything(), expected_);
        EXPECT_TRUE(co_await directory_->create(kOther, {}));
        EXPECT_TRUE(co_await directory_->close());
    };
    live(first());
}

}  // namespace
}  // namespace millrace
