// A partition's log on a real disk: what is appended is read back byte for byte, across rolls and
// restarts, and an unclean end is cut where the whole batches end.
#include "core/storage/batch_headers.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/on_ring.hpp"

#include <algorithm>
#include <fstream>
#include <set>

namespace millrace {
namespace {

const TopicPartition kName{"t", PartitionIndex{0}};
const LeaderEpoch kEpoch{0};

class PartitionLogTest : public OnRing {
protected:
    static LogConfig small_segments() {
        LogConfig config;
        config.topic.segment_bytes = 4096;
        config.topic.index_interval_bytes = 256;
        return config;
    }

    /// A log directory with one log in it.
    struct OneLog {
        std::unique_ptr<LogDirectory> directory;
        PartitionLog* log{};

        PartitionLog* operator->() const { return log; }
        PartitionLog& operator*() const { return *log; }
    };

    Task<OneLog> open(LogConfig config) {
        config.journal_bytes = 4 << 20;
        const std::string path = folder_ + "/data";
        const DirectoryIdentity identity{1, ""};
        auto directory = co_await LogDirectory::open(*world_, logger_, path, identity, config);
        OneLog one;
        one.directory = std::move(*directory);
        const auto* const entry = one.directory->find(kName);
        one.log = entry == nullptr ? nullptr : entry->place.log;
        co_return one;
    }

    Task<OneLog> create(LogConfig config) {
        OneLog one = co_await open(config);
        const auto log = co_await one.directory->create(kName, {});
        one.log = log->log;
        co_return one;
    }

    /// Without the marker of a clean stop and recovery points, Kafka's recovery looks at every
    /// batch.
    Task<OneLog> reopen(LogConfig config, bool clean) {
        if (!clean) {
            std::filesystem::remove(folder_ + "/data/.kafka_cleanshutdown");
            std::filesystem::remove(folder_ + "/data/recovery-point-offset-checkpoint");
        }
        co_return co_await open(config);
    }

    /// Appends `count` batches of 1 to 5 records and waits for the last; returns what a reader of
    /// the whole log must see.
    static Task<Bytes> fill(PartitionLog& log, int count) {
        Bytes expected;
        for (int i = 0; i < count; ++i) {
            Bytes batch = make_batch({.records = 1 + i % 5, .base_timestamp = 1000 + i * 10});
            const auto appended = log.append(batch, kEpoch);
            EXPECT_TRUE(appended);
            append_bytes(expected, batch);
        }
        EXPECT_TRUE(co_await log.wait_durable(log.log_end_offset(), kNever));
        co_return expected;
    }

    /// What the parts hold together.
    static Bytes joined(const Parts& parts) {
        Bytes bytes(size_of(parts));
        EXPECT_EQ(copy_out(parts, 0, bytes), bytes.size());
        return bytes;
    }

    static Task<Bytes> read_everything(PartitionLog& log, std::size_t bytes_max) {
        Bytes all;
        Offset next = log.log_start_offset();
        while (next < log.durable_end()) {
            const auto read = co_await log.read(next, bytes_max, true, ReadInto::kMemory);
            EXPECT_TRUE(read);
            if (!read || read->empty()) break;
            const Bytes batches = joined(*read);
            append_bytes(all, batches);
            ByteView rest = batches;
            while (!rest.empty()) {
                const RecordBatchView batch(rest);
                next = batch.last_offset() + 1;
                rest = rest.subspan(batch.size_in_bytes());
            }
        }
        co_return all;
    }

    std::string path(const char* file) const { return folder_ + "/data/t-0/" + file; }
};

TEST_F(PartitionLogTest, ReadsBackByteForByteAcrossSegments) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create(small_segments());
        const Bytes expected = co_await fill(*log, 200);
        for (const std::size_t bytes_max :
             {std::size_t{1}, std::size_t{500}, std::size_t{1} << 20}) {
            EXPECT_EQ(co_await read_everything(*log, bytes_max), expected);
        }
        EXPECT_EQ(log->log_end_offset(), Offset{600});
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
    int segments = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_ + "/data/t-0")) {
        if (file.path().extension() != ".log") continue;
        EXPECT_LE(file.file_size(), 4096u);
        ++segments;
    }
    EXPECT_GT(segments, 4);
}

TEST_F(PartitionLogTest, Trap64_AReadFromTheMiddleOfABatchBeginsWithThatBatch) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create({});
        Bytes batch = make_batch({.records = 10});
        EXPECT_TRUE(log->append(batch, kEpoch));
        EXPECT_TRUE(co_await log->wait_durable(Offset{10}, kNever));
        const auto read = co_await log->read(Offset{7}, 1, true);
        const Bytes batches = joined(*read);
        EXPECT_EQ(RecordBatchView(batches).base_offset(), Offset{0});
        const auto limited = co_await log->read(Offset{7}, 1, false);
        EXPECT_TRUE(limited->empty());
        const auto at_end = co_await log->read(Offset{10}, 1000, true);
        EXPECT_TRUE(at_end->empty());
        const auto beyond = co_await log->read(Offset{11}, 1000, true);
        EXPECT_EQ(beyond.error(), make_error_code(Errc::kOffsetOutOfRange));
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

TEST_F(PartitionLogTest, NothingAcceptedIsVisibleBeforeItIsDurable) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create({});
        Bytes batch = make_batch();
        EXPECT_TRUE(log->append(batch, kEpoch));
        EXPECT_EQ(log->log_end_offset(), Offset{1});
        EXPECT_EQ(log->durable_end(), Offset{0});
        const auto early = co_await log->read(Offset{0}, 1000, true);
        EXPECT_TRUE(early->empty());
        EXPECT_TRUE(co_await log->wait_durable(Offset{1}, kNever));
        EXPECT_EQ(log->durable_end(), Offset{1});
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

TEST_F(PartitionLogTest, ACleanStopIsBelievedAndTheLogGoesOn) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create(small_segments());
        Bytes expected = co_await fill(*log, 60);
        EXPECT_TRUE(co_await log.directory->close());
        log = co_await reopen(small_segments(), true);
        EXPECT_EQ(log->log_end_offset(), Offset{180});
        append_bytes(expected, co_await fill(*log, 60));
        EXPECT_EQ(co_await read_everything(*log, 1000), expected);
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

TEST_F(PartitionLogTest, ATornEndIsCutAndTheIndexesAreBuiltAnew) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create({});
        const Bytes expected = co_await fill(*log, 50);
        EXPECT_TRUE(co_await log.directory->close());
        const Bytes torn = make_batch({.records = 4});
        std::ofstream file(path("00000000000000000000.log"), std::ios::app | std::ios::binary);
        file.write(reinterpret_cast<const char*>(torn.data()), 70);
        file.close();
        std::filesystem::resize_file(path("00000000000000000000.index"), 3);
        log = co_await reopen({}, false);
        EXPECT_EQ(co_await read_everything(*log, 1000), expected);
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("cut a log behind its last whole batch"));
}

TEST_F(PartitionLogTest, Trap95_SegmentsBehindADamagedOneAreRemoved) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create(small_segments());
        (void)co_await fill(*log, 200);
        EXPECT_TRUE(co_await log.directory->close());
        std::fstream file(path("00000000000000000000.log"),
                          std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(100);
        file.put('\x55');
        file.close();
        log = co_await reopen(small_segments(), false);
        EXPECT_LT(log->log_end_offset(), Offset{5});
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("removed a segment behind a log's end"));
}

TEST_F(PartitionLogTest, LeaderEpochsAreOnDiskAfterACleanStop) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create({});
        Bytes first = make_batch();
        Bytes second = make_batch();
        EXPECT_TRUE(log->append(first, LeaderEpoch{2}));
        EXPECT_TRUE(log->append(second, LeaderEpoch{5}));
        EXPECT_EQ(log->last_epoch(), LeaderEpoch{5});
        EXPECT_TRUE(co_await log.directory->close());
        const auto text = co_await read_small_file(*world_, path("leader-epoch-checkpoint"), 1000);
        EXPECT_EQ(*text, "0\n2\n2 0\n5 1\n");
    };
    run(scenario());
}

TEST_F(PartitionLogTest, ABatchLargerThanAFrameIsDurableWhole) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create({});
        Bytes small = make_batch();
        Bytes large = make_batch({.value_bytes = 900'000});
        EXPECT_TRUE(log->append(small, kEpoch));
        EXPECT_TRUE(log->append(large, kEpoch));
        EXPECT_TRUE(co_await log->wait_durable(Offset{2}, kNever));
        Bytes expected = small;
        append_bytes(expected, large);
        EXPECT_EQ(co_await read_everything(*log, 2 << 20), expected);
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

TEST_F(PartitionLogTest, TheJournalsFilesAreUsedAgainBehindCheckpoints) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create({});
        Bytes expected;
        for (int i = 0; i < 200; ++i) {
            Bytes batch = make_batch({.value_bytes = 100'000});
            EXPECT_TRUE(co_await log->wait_for_room(batch.size()));
            EXPECT_TRUE(log->append(batch, kEpoch));
            append_bytes(expected, batch);
        }
        EXPECT_TRUE(co_await log->wait_durable(Offset{200}, kNever));
        EXPECT_EQ(co_await read_everything(*log, 1 << 20), expected);
        EXPECT_TRUE(co_await log.directory->close());
        log = co_await reopen({}, true);
        EXPECT_EQ(co_await read_everything(*log, 1 << 20), expected);
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("journal file used again"));
    EXPECT_TRUE(lines_.contain("checkpoint ends"));
}

TEST_F(PartitionLogTest, AStartTakesTheSpareJournalFilesOfTheLifeBefore) {
    const auto scenario = [this]() -> Task<> {
        const auto journal_files = [this] {
            std::set<std::string> found;
            for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/data")) {
                const std::string name = entry.path().filename();
                if (journal_index_of(name)) found.insert(name);
            }
            return found;
        };
        auto log = co_await create(small_segments());
        (void)co_await fill(*log, 1);
        EXPECT_TRUE(co_await log.directory->close());
        const std::set<std::string> before = journal_files();
        EXPECT_GT(before.size(), 1u);
        log = co_await reopen(small_segments(), true);
        (void)co_await fill(*log, 1);
        EXPECT_TRUE(co_await log.directory->close());
        const std::set<std::string> after = journal_files();
        EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
    };
    run(scenario());
}

TEST_F(PartitionLogTest, ATimestampFindsTheFirstBatchThatReachesIt) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create(small_segments());
        (void)co_await fill(*log, 100);
        const auto found = co_await log->find_batch_by_time(1500, Offset{0});
        EXPECT_TRUE(found && *found);
        EXPECT_GE(RecordBatchView((*found)->bytes).max_timestamp(), 1500);
        EXPECT_LE(RecordBatchView((*found)->bytes).base_timestamp(), 1500);
        const auto none = co_await log->find_batch_by_time(1'000'000, Offset{0});
        EXPECT_TRUE(none && !*none);
        EXPECT_EQ(log->largest_timestamp()->timestamp, 1994);
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

TEST_F(PartitionLogTest, WhatCanBeReadIsCountedWithoutReading) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create(small_segments());
        const Bytes all = co_await fill(*log, 100);
        std::size_t left = all.size();
        for (ByteView rest = all; !rest.empty();) {
            const RecordBatchView batch(rest);
            std::optional<LogCursor> place;
            EXPECT_EQ(log->available(batch.last_offset(), place).value().bytes, left);
            left -= batch.size_in_bytes();
            rest = rest.subspan(batch.size_in_bytes());
        }
        EXPECT_TRUE(co_await log.directory->close());

        log = co_await reopen(small_segments(), true);
        constexpr std::size_t kSlack = 512;
        for (ByteView rest = all; !rest.empty();) {
            const RecordBatchView batch(rest);
            std::optional<LogCursor> place;
            const std::uint64_t count = log->available(batch.base_offset(), place).value().bytes;
            EXPECT_GE(count, rest.size());
            EXPECT_LE(count, rest.size() + kSlack);
            rest = rest.subspan(batch.size_in_bytes());
        }
        // Whoever waits at the end counts what comes from there, to the byte, rolls and all.
        const Offset end = log->durable_end();
        std::optional<LogCursor> place;
        EXPECT_EQ(log->available(end, place).value().bytes, 0u);
        const Bytes more = co_await fill(*log, 100);
        EXPECT_EQ(log->available(end, place).value().bytes, more.size());
        const Offset behind = log->log_end_offset() + 1;
        EXPECT_EQ(log->available(behind, place).error(), make_error_code(Errc::kOffsetOutOfRange));
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

TEST_F(PartitionLogTest, ABatchOverTheSegmentSizeIsRefused) {
    const auto scenario = [this]() -> Task<> {
        auto log = co_await create(small_segments());
        Bytes large = make_batch({.value_bytes = 5000});
        EXPECT_EQ(log->append(large, kEpoch).error(), make_error_code(Errc::kBatchSetTooLarge));
        EXPECT_TRUE(co_await log.directory->close());
    };
    run(scenario());
}

}  // namespace
}  // namespace millrace
