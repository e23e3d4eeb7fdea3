// A log directory on a disk without room: what was acknowledged stays and is read, appends are
// refused until there is room again, and stops and starts go on. The disk is the simulator's.
#include "core/runtime/timer.hpp"
#include "core/storage/batch_headers.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/sim/sim_world.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

using sim::SimDisk;
using sim::SimProcess;
using sim::Simulation;

const TopicPartition kName{"t", PartitionIndex{0}};
const TopicPartition kOther{"u", PartitionIndex{0}};
const std::string kFolder = "/data";

class FullDiskTest : public testing::Test {
protected:
    static LogConfig config() {
        LogConfig config;
        config.journal_bytes = 512 << 10;
        config.journal_file_bytes_min = 64 << 10;
        config.batch_bytes_max = 40'000;
        config.segment_bytes = 300'000;
        return config;
    }

    /// A broker's life on the disk: runs `story` on a process of its own.
    void live(Task<> story) {
        world_ = &simulation_.start_process();
        logger_ = std::make_unique<Logger>(*world_, lines_, LogFormat::kText);
        bool done = false;
        spawn(*world_, note_end(std::move(story), done));
        EXPECT_TRUE(simulation_.run_until([&done] { return done; }));
        simulation_.kill(*world_);
    }

    /// What is open then goes with the process.
    Task<> note_end(Task<> story, bool& done) {
        co_await std::move(story);
        const auto directory = std::move(directory_);
        done = true;
        co_await sleep_for(*world_, std::chrono::hours(1));
    }

    Task<bool> open() {
        const DirectoryIdentity identity{1, "cluster"};
        auto opened = co_await LogDirectory::open(*world_, *logger_, kFolder, identity, config());
        if (!opened) co_return false;
        directory_ = std::move(*opened);
        const auto* const entry = directory_->find(kName);
        log_ = entry == nullptr ? nullptr : entry->place.log;
        co_return true;
    }

    Task<> create() {
        EXPECT_TRUE(co_await open());
        const auto place = co_await directory_->create(kName, {});
        EXPECT_TRUE(place);
        log_ = place->log;
    }

    /// Appends and waits until it is durable.
    Task<Result<void>> append() {
        Bytes batch = make_batch({.value_bytes = 10'000, .base_timestamp = next_++});
        const auto room = co_await log_->wait_for_room(batch.size());
        if (!room) co_return room;
        const auto appended = log_->append(batch, LeaderEpoch{0});
        if (!appended) co_return appended.error();
        append_bytes(expected_, batch);
        co_return co_await log_->wait_durable(log_->log_end_offset(), kNever);
    }

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

    Task<Bytes> read_everything() {
        Bytes all;
        for (Offset next = log_->log_start_offset(); next < log_->durable_end();) {
            const auto parts = co_await log_->read(next, 1 << 20, true, ReadInto::kMemory);
            EXPECT_TRUE(parts);
            if (!parts) break;
            Bytes bytes(size_of(*parts));
            EXPECT_EQ(copy_out(*parts, 0, bytes), bytes.size());
            append_bytes(all, bytes);
            for (ByteView rest = bytes; !rest.empty();) {
                const RecordBatchView batch(rest);
                next = batch.last_offset() + 1;
                rest = rest.subspan(batch.size_in_bytes());
            }
        }
        co_return all;
    }

    /// Somebody else takes all that is left but `bytes`.
    void squeeze(std::uint64_t bytes) { disk().capacity = disk().used() + bytes; }
    SimDisk& disk() { return simulation_.disk(); }

    Simulation simulation_{1};
    SimProcess* world_{};
    KeptLines lines_;
    std::unique_ptr<Logger> logger_;
    std::unique_ptr<LogDirectory> directory_;
    PartitionLog* log_{};
    Bytes expected_;
    std::int64_t next_{1'000};
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
        co_await sleep_for(*world_, std::chrono::milliseconds(1'100));
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
        co_await sleep_for(*world_, std::chrono::milliseconds(1'100));
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
