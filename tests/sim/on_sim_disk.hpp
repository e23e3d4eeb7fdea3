// A test whose log directory lies on the simulator's disk: broker lives on it one after the other,
// of one log, and what was acknowledged to it.
#pragma once

#include "core/runtime/timer.hpp"
#include "core/storage/batch_headers.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/sim/sim_world.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {

class OnSimDisk : public testing::Test {
protected:
    explicit OnSimDisk(std::uint64_t seed = 1) : simulation_(seed) {}

    static inline const TopicPartition kName{"t", PartitionIndex{0}};
    static inline const std::string kFolder = "/data";

    static LogConfig config() {
        LogConfig config;
        config.journal_bytes = 512 << 10;
        config.journal_file_bytes_min = 64 << 10;
        config.batch_bytes_max = 40'000;
        config.topic.segment_bytes = 300'000;
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
        auto opened = co_await LogDirectory::open(*world_, *logger_, kFolder, identity, config_);
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

    sim::SimDisk& disk() { return simulation_.disk(); }

    LogConfig config_ = config();
    sim::Simulation simulation_;
    sim::SimProcess* world_{};
    KeptLines lines_;
    std::unique_ptr<Logger> logger_;
    std::unique_ptr<LogDirectory> directory_;
    PartitionLog* log_{};
    Bytes expected_;
    std::int64_t next_{1'000};
};

}  // namespace millrace
