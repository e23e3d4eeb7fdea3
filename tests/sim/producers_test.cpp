// What a log knows of its idempotent producers through crashes and clean stops: a batch that is
// sent again is found, at its place, whatever had become a file.
#include "tests/sim/on_sim_disk.hpp"

#include <algorithm>

namespace millrace {
namespace {

class ProducersTest : public OnSimDisk {
protected:
    static constexpr std::int32_t kRecords = 2;

    static Bytes batch_number(std::int32_t number, std::int64_t id) {
        return make_batch({.records = kRecords,
                           .value_bytes = 4'000,
                           .base_timestamp = 1'000 + number,
                           .producer_id = id,
                           .base_sequence = number * kRecords,
                           .producer_epoch = 0});
    }

    /// Sends batch `number` of producer `id`; its base offset when it is durable.
    Task<Result<Offset>> send(std::int32_t number, std::int64_t id = 1) {
        Bytes batch = batch_number(number, id);
        const auto room = co_await log_->wait_for_room(batch.size());
        if (!room) co_return room.error();
        const auto appended = log_->append(batch, LeaderEpoch{0});
        if (!appended) co_return appended.error();
        const auto durable = co_await log_->wait_durable(appended->last_offset + 1, kNever);
        if (!durable) co_return durable.error();
        co_return appended->base_offset;
    }

    Task<> take_checkpoint(bool& done) {
        EXPECT_TRUE(co_await directory_->checkpoint());
        done = true;
    }

    /// A checkpoint that begins with a log that rests: what `meanwhile` appends is covered by it,
    /// but by no snapshot.
    Task<> checkpoint_around(std::int32_t meanwhile) {
        const TopicPartition rests{"u", PartitionIndex{0}};
        const auto other = co_await directory_->create(rests, {});
        Bytes batch = batch_number(0, 9);
        EXPECT_TRUE(other && other->log->append(batch, LeaderEpoch{0}));
        co_await sleep_for(*world_, std::chrono::seconds(31));
        EXPECT_TRUE(co_await send(meanwhile - 1));
        bool done = false;
        spawn(*world_, take_checkpoint(done));
        co_await sleep_for(*world_, std::chrono::microseconds(1));
        EXPECT_TRUE(co_await send(meanwhile));
        co_await sleep_for(*world_, std::chrono::seconds(1));
        EXPECT_TRUE(done);
        EXPECT_EQ(log_->synced_end(), Offset{(meanwhile + 1) * kRecords});
        co_await expect_snapshots(offsets(meanwhile * kRecords));
    }

    Task<> send_from(std::int32_t first, std::int32_t behind) {
        for (std::int32_t i = first; i < behind; ++i) {
            const auto sent = co_await send(i);
            EXPECT_TRUE(sent && *sent == Offset{i * kRecords}) << i;
        }
    }

    /// The last five of `count` batches are known, one before them and a gap are not.
    Task<> expect_window(std::int32_t count) {
        const Offset end = log_->log_end_offset();
        for (std::int32_t i = std::max(count - 5, 0); i < count; ++i) {
            const auto again = co_await send(i);
            EXPECT_TRUE(again && *again == Offset{i * kRecords}) << i << " of " << count;
        }
        const auto gap = co_await send(count + 1);
        EXPECT_EQ(gap.error(), make_error_code(Errc::kOutOfOrderSequence));
        if (count > 5) {
            const auto old = co_await send(count - 6);
            EXPECT_EQ(old.error(), make_error_code(Errc::kOutOfOrderSequence));
        }
        EXPECT_EQ(log_->log_end_offset(), end);
    }

    Task<std::vector<std::int64_t>> snapshots() {
        std::vector<std::int64_t> found;
        const auto entries = co_await list_folder(*world_, kFolder + "/t-0");
        for (const FolderEntry& entry : *entries) {
            if (const auto offset = snapshot_offset(entry)) found.push_back(offset->value);
        }
        std::sort(found.begin(), found.end());
        co_return found;
    }

    /// GCC takes no list inside of a co_await expression.
    static std::vector<std::int64_t> offsets(std::int64_t only) { return {only}; }

    Task<> expect_snapshots(std::vector<std::int64_t> expected) {
        const auto found = co_await snapshots();
        EXPECT_EQ(found, expected);
    }

    std::vector<std::int64_t> segments() {
        std::vector<std::int64_t> found;
        for (const auto& [base, timestamp] : log_->segment_starts()) found.push_back(base.value);
        return found;
    }

    Task<Result<void>> write_small(std::string path, Bytes bytes) {
        auto file = co_await File::open(*world_, path, OpenMode::kTruncate);
        if (!file) co_return file.error();
        auto outcome = co_await file->write_small_at(0, bytes);
        if (outcome) outcome = co_await file->sync(SyncScope::kAll);
        const auto closed = co_await file->close();
        co_return outcome ? closed : outcome;
    }

    std::string snapshot_path(Offset offset) const {
        return kFolder + "/t-0/" + segment_file_name(offset, ".snapshot");
    }
};

TEST_F(ProducersTest, ABatchThatIsSentAgainIsFoundWhereItLies) {
    const auto life = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 8);
        co_await expect_window(8);
        EXPECT_EQ(world_->metrics().batches_repeated.value, 5u);
    };
    live(life());
}

TEST_F(ProducersTest, ARepeatIsAnsweredWhenItsOriginalIsDurable) {
    const auto life = [this]() -> Task<> {
        co_await create();
        Bytes first = batch_number(0, 1);
        Bytes again = batch_number(0, 1);
        EXPECT_TRUE(log_->append(first, LeaderEpoch{0}));
        const auto appended = log_->append(again, LeaderEpoch{0});
        EXPECT_TRUE(appended);
        EXPECT_EQ(appended->base_offset, Offset{0});
        EXPECT_EQ(appended->last_offset, Offset{kRecords - 1});
        EXPECT_EQ(appended->duplicate_of, RecordBatchView(first).max_timestamp());
        EXPECT_EQ(log_->durable_end(), Offset{0});
        EXPECT_TRUE(co_await log_->wait_durable(appended->last_offset + 1, kNever));
    };
    live(life());
}

TEST_F(ProducersTest, TheWindowIsThereBehindACleanStopAndTheSnapshotAtTheEnd) {
    const auto first = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 9);
        EXPECT_TRUE(co_await directory_->close());
        co_await expect_snapshots(offsets(18));
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(9);
    };
    live(first());
    live(second());
}

TEST_F(ProducersTest, TheWindowIsThereBehindACrashWhateverACheckpointHadCovered) {
    std::int32_t sent = 0;
    const auto first = [this, &sent]() -> Task<> {
        co_await create();
        co_await send_from(0, 7);
        sent = 7;
    };
    live(first());
    for (std::int32_t life = 0; life < 8; ++life) {
        const auto next = [this, &sent, life]() -> Task<> {
            EXPECT_TRUE(co_await open());
            co_await expect_window(sent);
            co_await send_from(sent, sent + life);
            EXPECT_TRUE(co_await directory_->checkpoint());
            co_await send_from(sent + life, sent + life + 2);
            if (life % 2 == 0) EXPECT_TRUE(co_await directory_->checkpoint());
            sent += life + 2;
        };
        live(next());
    }
    const auto last = [this, &sent]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(sent);
    };
    live(last());
}

TEST_F(ProducersTest, EveryRollLeavesASnapshotAndOfTheOthersOnlyTheNewestStays) {
    const auto first = [this]() -> Task<> {
        co_await create();
        for (std::int32_t i = 0; i < 100; ++i) {
            co_await send_from(i, i + 1);
            if (i % 10 == 0) EXPECT_TRUE(co_await directory_->checkpoint());
        }
        EXPECT_TRUE(co_await directory_->checkpoint());
        auto expected = segments();
        EXPECT_GT(expected.size(), 2u);
        expected.erase(expected.begin());
        expected.push_back(log_->log_end_offset().value);
        co_await expect_snapshots(expected);
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(100);
    };
    live(first());
    live(second());
}

TEST_F(ProducersTest, ALogWithoutProducersHasNoSnapshots) {
    const auto life = [this]() -> Task<> {
        co_await create();
        for (int i = 0; i < 50; ++i) EXPECT_TRUE(co_await append());
        EXPECT_TRUE(co_await directory_->close());
        co_await expect_snapshots(std::vector<std::int64_t>());
    };
    live(life());
}

TEST_F(ProducersTest, TheFirstProducerOfAnOldLogIsKnownBehindACrash) {
    const auto first = [this]() -> Task<> {
        co_await create();
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(co_await append());
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_EQ(*co_await send(0), Offset{20});
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_EQ(*co_await send(1), Offset{22});
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(*co_await send(0), Offset{20});
        EXPECT_EQ(*co_await send(1), Offset{22});
        EXPECT_EQ(log_->log_end_offset(), Offset{24});
    };
    live(first());
    live(second());
}

TEST_F(ProducersTest, ASnapshotBeyondTheEndOfTheLogIsRemoved) {
    const auto first = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 4);
        EXPECT_TRUE(co_await directory_->close());
        const Bytes nobody(10);
        EXPECT_TRUE(co_await write_small(snapshot_path(Offset{50}), nobody));
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_snapshots(offsets(8));
        co_await expect_window(4);
    };
    live(first());
    live(second());
}

TEST_F(ProducersTest, ADamagedSnapshotIsMadeUpForByTheBatches) {
    const auto first = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 8);
        EXPECT_TRUE(co_await directory_->close());
        const Bytes garbage(56, std::byte{7});
        for (const std::int64_t each : co_await snapshots()) {
            EXPECT_TRUE(co_await write_small(snapshot_path(Offset{each}), garbage));
        }
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(8);
    };
    live(first());
    live(second());
    EXPECT_TRUE(lines_.contain("a snapshot of a log's producers is damaged"));
}

TEST_F(ProducersTest, WhatAJavaBrokerLeftUncleanIsReadFromTheBatches) {
    const auto first = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 8);
        EXPECT_TRUE(co_await directory_->close());
        for (const std::int64_t each : co_await snapshots()) {
            const std::string path = snapshot_path(Offset{each});
            EXPECT_TRUE(co_await remove_file(*world_, path));
        }
        const std::string marker = kFolder + "/.kafka_cleanshutdown";
        EXPECT_TRUE(co_await remove_file(*world_, marker));
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_snapshots(offsets(16));
    };
    const auto third = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(8);
    };
    live(first());
    live(second());
    live(third());
}

TEST_F(ProducersTest, WhoseBatchesAreAllDeletedIsKnownBehindACrash) {
    const auto first = [this]() -> Task<> {
        co_await create();
        TopicConfig topic;
        topic.segment_bytes = 20'000;
        topic.retention_bytes = 0;
        log_->set_config(topic);
        EXPECT_TRUE(co_await send(0, 2));
        for (std::int32_t i = 0; i < 4; ++i) EXPECT_TRUE(co_await send(i));
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_TRUE(co_await send(1, 2));
        for (std::int32_t i = 4; i < 9; ++i) EXPECT_TRUE(co_await send(i));
        EXPECT_TRUE(co_await log_->drop_old(0));
        EXPECT_EQ(log_->log_start_offset(), Offset{22});
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        EXPECT_EQ(log_->log_start_offset(), Offset{22});
        for (std::int32_t i = 4; i < 9; ++i) {
            const auto again = co_await send(i);
            EXPECT_TRUE(again && *again == Offset{4 + i * kRecords}) << i;
        }
        const auto again = co_await send(0, 2);
        EXPECT_TRUE(again && *again == Offset{0});
        const auto next = co_await send(2, 2);
        EXPECT_TRUE(next && *next == Offset{22});
        const auto more = co_await send(9);
        EXPECT_TRUE(more && *more == Offset{24});
    };
    live(first());
    live(second());
}

TEST_F(ProducersTest, WhoseBatchesWereDeletedBetweenACheckpointAndItsSnapshotIsKnownBehindACrash) {
    const auto first = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 2);
        co_await checkpoint_around(3);
        TopicConfig topic;
        topic.retention_bytes = 0;
        log_->set_config(topic);
        EXPECT_TRUE(co_await log_->drop_old(0));
        EXPECT_EQ(log_->log_start_offset(), Offset{8});
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(4);
    };
    live(first());
    live(second());
}

/// At so many microseconds of a deletion the process dies.
class ProducersOfADeletion : public ProducersTest, public testing::WithParamInterface<int> {
protected:
    Task<> drop_old() { (void)co_await log_->drop_old(0); }
};

TEST_P(ProducersOfADeletion, AreKnownBehindAKillAndALossOfPower) {
    const auto dies = [this]() -> Task<> {
        co_await create();
        co_await send_from(0, 2);
        co_await checkpoint_around(3);
        TopicConfig topic;
        topic.retention_bytes = 0;
        log_->set_config(topic);
        spawn(*world_, drop_old());
        co_await sleep_for(*world_, std::chrono::microseconds(GetParam()));
    };
    const auto opens = [this]() -> Task<> { EXPECT_TRUE(co_await open()); };
    const auto finds = [this]() -> Task<> {
        const bool opened = co_await open();
        EXPECT_TRUE(opened);
        if (opened) co_await expect_window(4);
    };
    live(dies());
    live(opens());
    disk().lose_power();
    live(finds());
}

INSTANTIATE_TEST_SUITE_P(Moments, ProducersOfADeletion, testing::Range(0, 4'000, 40));

TEST_F(ProducersTest, WhoseBatchesAreAllDeletedIsKnownBehindARecoveryThatAcceptsLoss) {
    const auto first = [this]() -> Task<> {
        co_await create();
        TopicConfig topic;
        topic.retention_bytes = 0;
        log_->set_config(topic);
        co_await send_from(0, 2);
        EXPECT_TRUE(co_await directory_->checkpoint());
        for (std::int32_t i = 2; i < 4; ++i) EXPECT_TRUE(co_await send(i));
        EXPECT_TRUE(co_await log_->drop_old(0));
        EXPECT_EQ(log_->log_start_offset(), Offset{8});
    };
    const auto salvage = [this]() -> Task<> {
        const auto report = co_await LogDirectory::accept_loss(*world_, *logger_, kFolder, config_);
        EXPECT_TRUE(report && report->empty());
    };
    const auto second = [this]() -> Task<> {
        EXPECT_TRUE(co_await open());
        co_await expect_window(4);
    };
    live(first());
    live(salvage());
    live(second());
}

TEST_F(ProducersTest, WhoIsSilentTooLongIsForgottenByACheckpoint) {
    const auto life = [this]() -> Task<> {
        co_await create();
        EXPECT_TRUE(co_await send(0));
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_FALSE(log_->producers().empty());
        co_await sleep_for(*world_, std::chrono::minutes(11));
        EXPECT_TRUE(co_await directory_->checkpoint());
        EXPECT_TRUE(log_->producers().empty());
        EXPECT_TRUE(co_await send(40));
    };
    live(life());
}

}  // namespace
}  // namespace millrace
