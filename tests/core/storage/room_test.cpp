// Room on the disk for what is appended: taken on account of a preallocated file, and credited when
// segment files have grown.
#include "core/runtime/timer.hpp"
#include "core/storage/ballast.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

constexpr std::uint64_t kBallastBytes = 256 << 10;

Task<> no_room() { co_return; }

class RoomTest : public OnRing {
protected:
    /// A log and a journal that nobody makes checkpoints for.
    Task<> open_log() {
        LogConfig config;
        config.journal_bytes = 4 << 20;
        set_ = std::make_unique<LogSet>(*world_, logger_, folder_, config);
        EXPECT_TRUE(co_await set_->open_folder());
        auto journal = co_await Journal::open(*world_, logger_, journal_options(folder_, config, 0),
                                              {}, no_room);
        journal_ = std::move(*journal);
        journal_->reserve(0);
        set_->shared.journal = journal_.get();
        const TopicPartition name{"t", PartitionIndex{0}};
        auto log = co_await PartitionLog::create(set_->shared, folder_, name, 1, {});
        log_ = log->get();
        set_->logs.emplace(name, std::move(*log));
    }

    Task<> close_log() {
        EXPECT_TRUE(co_await journal_->close());
        EXPECT_TRUE(co_await set_->close());
        journal_.reset();
    }

    Task<> append(std::size_t bytes) {
        Bytes batch = make_batch({.value_bytes = bytes});
        EXPECT_TRUE(co_await log_->wait_for_room(batch.size()));
        EXPECT_TRUE(log_->append(batch, LeaderEpoch{0}));
        ++appended_;
    }

    Task<> wait_durable() {
        EXPECT_TRUE(co_await log_->wait_durable(log_->log_end_offset(), kNever));
    }

    std::uint64_t on_account() const { return set_->shared.on_account; }

    std::unique_ptr<LogSet> set_;
    std::unique_ptr<Journal> journal_;
    PartitionLog* log_{};
    int appended_{};
};

TEST_F(RoomTest, WhatHasNoRoomInAFileIsOnAccountUntilItIsFilled) {
    const auto scenario = [this]() -> Task<> {
        co_await open_log();
        EXPECT_EQ(on_account(), 0u);
        co_await append(5'000);
        EXPECT_EQ(on_account(), 2 * kBlockBytes);
        co_await append(5'000);
        EXPECT_EQ(on_account(), 3 * kBlockBytes);
        co_await wait_durable();
        EXPECT_TRUE(co_await log_->fill(PartitionLog::Fill::kAll));
        EXPECT_EQ(on_account(), 0u);
        // The file has grown for more than was asked.
        co_await append(5'000);
        EXPECT_EQ(on_account(), 0u);
        co_await wait_durable();
        // And is as long as its data now.
        EXPECT_TRUE(co_await log_->fill(PartitionLog::Fill::kSettle));
        co_await append(5'000);
        EXPECT_EQ(on_account(), kBlockBytes);
        co_await close_log();
    };
    run(scenario());
}

TEST_F(RoomTest, AppendsWaitWhenTheAccountIsUsedUp) {
    const auto scenario = [this]() -> Task<> {
        co_await open_log();
        int asked = 0;
        set_->shared.account_max = 100'000;
        set_->shared.fill_wanted = [&asked] { ++asked; };
        co_await append(60'000);
        EXPECT_EQ(asked, 0);
        const std::uint64_t before = on_account();
        spawn(*world_, append(60'000));
        co_await wait_durable();
        EXPECT_EQ(appended_, 1);
        EXPECT_EQ(asked, 1);
        EXPECT_EQ(on_account(), before);
        EXPECT_TRUE(co_await log_->fill(PartitionLog::Fill::kAll));
        co_await sleep_for(*world_, std::chrono::milliseconds(1));
        EXPECT_EQ(appended_, 2);
        co_await wait_durable();
        co_await close_log();
    };
    run(scenario());
}

/// As a handler does, one after the other.
Task<> append_many(PartitionLog& log, int count) {
    for (int i = 0; i < count; ++i) {
        Bytes batch = make_batch({.value_bytes = 5'000});
        EXPECT_TRUE(co_await log.wait_for_room(batch.size()));
        EXPECT_TRUE(log.append(batch, LeaderEpoch{0}));
    }
    EXPECT_TRUE(co_await log.wait_durable(log.log_end_offset(), kNever));
}

TEST_F(RoomTest, ShortMemoryIsHadBackByFillingAndWithoutACheckpoint) {
    const auto scenario = [this]() -> Task<> {
        LogConfig config;
        config.journal_bytes = 16 << 20;
        config.cache_bytes = 64 << 10;
        const DirectoryIdentity identity{1, ""};
        const TopicPartition name{"t", PartitionIndex{0}};
        const std::string path = folder_ + "/data";
        auto opened = co_await LogDirectory::open(*world_, logger_, path, identity, config);
        const std::unique_ptr<LogDirectory> directory = std::move(*opened);
        const auto place = co_await directory->create(name, {});
        co_await append_many(*place->log, 100);
        EXPECT_GT(world_->metrics().bytes_filled.value, 400'000u);
        EXPECT_EQ(world_->metrics().checkpoints.value, 0u);
        EXPECT_TRUE(co_await directory->close());
    };
    run(scenario());
}

TEST_F(RoomTest, ABatchLargerThanTheAccountGoesAlone) {
    const auto scenario = [this]() -> Task<> {
        co_await open_log();
        set_->shared.account_max = 10'000;
        co_await append(60'000);
        co_await wait_durable();
        co_await close_log();
    };
    run(scenario());
    EXPECT_EQ(appended_, 1);
}

TEST_F(RoomTest, ABallastIsMadeTakenOverAndGivenUp) {
    const auto scenario = [this]() -> Task<> {
        const std::string path = folder_ + "/millrace.ballast.3";
        Ballast first(*world_, folder_, 3, 2 * kBallastBytes, 0);
        EXPECT_FALSE(first.stands());
        EXPECT_TRUE(co_await first.make());
        EXPECT_TRUE(first.stands());
        EXPECT_EQ(std::filesystem::file_size(path), 2 * kBallastBytes);

        // Of another size than the one that is there.
        Ballast second(*world_, folder_, 3, kBallastBytes, 0);
        EXPECT_TRUE(co_await second.make());
        EXPECT_EQ(std::filesystem::file_size(path), kBallastBytes);
        EXPECT_TRUE(co_await second.give_up());
        EXPECT_FALSE(second.stands());
        EXPECT_EQ(std::filesystem::file_size(path), Ballast::kPebbleBytes);
        EXPECT_TRUE(co_await second.give_up());
        EXPECT_TRUE(co_await second.make());
        EXPECT_EQ(std::filesystem::file_size(path), kBallastBytes);
        co_await remove_ballasts(*world_, folder_);
        EXPECT_FALSE(std::filesystem::exists(path));
    };
    run(scenario());
}

TEST_F(RoomTest, ABallastThatFindsNoRoomLeavesAPebble) {
    const auto scenario = [this]() -> Task<> {
        Ballast ballast(*world_, folder_, 0, std::uint64_t{1} << 60, 0);
        const auto made = co_await ballast.make();
        EXPECT_TRUE(!made && is_full(made.error()));
        EXPECT_FALSE(ballast.stands());
    };
    run(scenario());
    EXPECT_EQ(std::filesystem::file_size(folder_ + "/millrace.ballast.0"), Ballast::kPebbleBytes);
}

}  // namespace
}  // namespace millrace
