// The way out of a damaged journal: journals are built frame by frame, then rotted. What a start
// refuses, what accept_loss keeps, and what it says is lost.
#include "core/storage/losses.hpp"

#include "core/base/prng.hpp"
#include "core/storage/directory_names.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/support/built_journal.hpp"
#include "tests/support/on_ring.hpp"

#include <array>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kGone = ~std::size_t{0};  // a folder

class LossesTest : public OnRing {
protected:
    LossesTest() { row_.start(8192); }

    std::array<KnownLog*, 3> logs() { return {&a_, &b_, &c_}; }
    std::string data() const { return folder_ + "/data"; }
    std::string segment(const KnownLog& log) const {
        return data() + "/" + log.folder + "/00000000000000000000.log";
    }

    static LogConfig config() {
        LogConfig config;
        config.batch_bytes_max = 40'000;
        config.journal_file_bytes_min = BuiltJournal::kFileBytes;
        config.journal_bytes = BuiltJournal::kFileBytes * 8;
        return config;
    }

    Task<Result<std::unique_ptr<LogDirectory>>> open() {
        const DirectoryIdentity identity{1, ""};
        co_return co_await LogDirectory::open(*world_, logger_, data(), identity, config());
    }

    Task<Result<LossReport>> accept() {
        return LogDirectory::accept_loss(*world_, logger_, data(), config());
    }

    /// Empty logs, stopped cleanly, and then as if a broker had died with `row_` as its journal.
    Task<> die() {
        auto directory = co_await open();
        for (const KnownLog* log : logs()) {
            EXPECT_TRUE(co_await (*directory)->create(*parse_folder_name(log->folder), {}));
        }
        EXPECT_TRUE(co_await (*directory)->close());
        for (const auto& entry : std::filesystem::directory_iterator(data())) {
            if (entry.path().filename().string().starts_with("millrace.journal")) {
                std::filesystem::remove(entry.path());
            }
        }
        std::filesystem::remove(data() + "/" + std::string(kMarkerName));
        std::filesystem::create_directory(data() + "/" + std::string(kUncleanName));
        row_.write(data());
    }

    /// Every file's name and content.
    std::map<std::string, std::string> everything() const {
        std::map<std::string, std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(data())) {
            std::stringstream content;
            if (entry.is_regular_file()) content << std::ifstream(entry.path()).rdbuf();
            found[entry.path().string()] = content.str();
        }
        return found;
    }

    /// A start finds the damage, names it and writes nothing.
    Task<> expect_refused(std::string_view named) {
        const auto before = everything();
        const auto opened = co_await open();
        EXPECT_EQ(opened.error(), make_error_code(Errc::kDamaged));
        EXPECT_TRUE(lines_.contain(named)) << named;
        EXPECT_TRUE(lines_.contain("millrace recover " + data() + " --accept-loss"));
        EXPECT_TRUE(everything() == before);
    }

    /// What is left of each log is its first batches, so many, and goes on from there.
    Task<> expect_kept(std::size_t a, std::size_t b, std::size_t c) {
        auto directory = co_await open();
        EXPECT_TRUE(directory);
        if (!directory) co_return;
        co_await expect_end(**directory, a_, a);
        co_await expect_end(**directory, b_, b);
        co_await expect_end(**directory, c_, c);
        EXPECT_TRUE(co_await (*directory)->close());
        expect_prefix(a_, a);
        expect_prefix(b_, b);
        expect_prefix(c_, c);
    }

    static Task<> expect_end(LogDirectory& directory, const KnownLog& log, std::size_t batches) {
        if (batches == kGone) co_return;
        const Offset end = batches == 0 ? Offset{0} : log.ends[batches - 1].second;
        const auto* const entry = directory.find(*parse_folder_name(log.folder));
        PartitionLog& found = *entry->place.log;
        EXPECT_EQ(found.log_end_offset(), end) << log.folder;
        Bytes next = make_batch();
        EXPECT_EQ(found.append(next, LeaderEpoch{1})->base_offset, end);
        EXPECT_TRUE(co_await found.wait_durable(found.log_end_offset(), kNever));
    }

    void expect_prefix(const KnownLog& log, std::size_t batches) const {
        if (batches == kGone) return;
        const std::size_t size = batches == 0 ? 0 : log.ends[batches - 1].first;
        std::ifstream file(segment(log), std::ios::binary);
        std::string content(size, 0);
        file.read(content.data(), static_cast<std::streamsize>(size));
        EXPECT_EQ(content, as_text(ByteView(log.bytes).first(size))) << log.folder;
    }

    /// As if the broker had filled the first `batches` batches before it died.
    void fill(const KnownLog& log, std::size_t batches) const {
        std::ofstream file(segment(log), std::ios::binary);
        file.write(reinterpret_cast<const char*>(log.bytes.data()),
                   static_cast<std::streamsize>(log.ends[batches - 1].first));
    }

    KnownLog a_{"a-0", 1};
    KnownLog b_{"b-0", 2};
    KnownLog c_{"c-0", 3};
    BuiltJournal row_;
};

TEST_F(LossesTest, AnUndamagedJournalLosesNothing) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        for (int i = 0; i < 5; ++i) {
            row_.append(a_, 2);
            row_.append(b_, 3);
        }
        co_await die();
        fill(a_, 3);
        const auto report = co_await accept();
        EXPECT_THAT(*report, IsEmpty());
        co_await expect_kept(5, 5, 0);
    };
    run(scenario());
    EXPECT_FALSE(lines_.contain("is damaged"));
    EXPECT_FALSE(lines_.contain("lost: "));
}

TEST_F(LossesTest, ATornEndIsNoDamage) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 2);
        row_.rot(row_.append(a_, 2));
        co_await die();
        const auto report = co_await accept();
        EXPECT_THAT(*report, IsEmpty());
        co_await expect_kept(1, 0, 0);
    };
    run(scenario());
}

TEST_F(LossesTest, BehindARottenFrameOnlyLogsThatMissNothingGoOn) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(c_, 1);
        row_.append(a_, 2);
        row_.append(b_, 3);
        const BuiltJournal::Place rotten = row_.append(a_, 2);
        row_.append(b_, 3);
        row_.append(a_, 5);
        row_.rot(rotten);
        co_await die();
        co_await expect_refused(
            "file=millrace.journal.0.0 offset=" + std::to_string(rotten.offset) +
            " from_lsn=" + std::to_string(rotten.lsn));
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{2}, Offset{9}, false},
                                         Loss{"c-0", Offset{1}, Offset{1}, true}));
        co_await expect_kept(1, 2, 1);
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("lost: a-0 offsets 2 to 8"));
    EXPECT_TRUE(lines_.contain("lost: c-0 may have lost an unknown number from offset 1 on"));
}

TEST_F(LossesTest, WhatSegmentsHoldAlreadyIsNotLost) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 2);
        const BuiltJournal::Place rotten = row_.append(a_, 2);
        row_.append(a_, 5);
        row_.append(a_, 5);
        row_.rot(rotten);
        co_await die();
        fill(a_, 3);
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"b-0", Offset{0}, Offset{0}, true},
                                         Loss{"c-0", Offset{0}, Offset{0}, true}));
        co_await expect_kept(4, 0, 0);
    };
    run(scenario());
}

TEST_F(LossesTest, AFileIsGone) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.append(b_, 1);
        row_.begin_file();
        row_.append(a_, 1);
        row_.begin_file();
        row_.append(a_, 1);
        row_.append(b_, 1);
        row_.append(c_, 1);
        co_await die();
        std::filesystem::remove(row_.path(data(), 1));
        co_await expect_refused("missing=\"frames, and files behind this one\"");
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{1}, Offset{3}, false}));
        co_await expect_kept(1, 2, 1);
    };
    run(scenario());
}

TEST_F(LossesTest, TheFramesBehindARottenHeaderAreBelieved) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.begin_file();
        row_.append(a_, 1);
        row_.begin_file();
        row_.append(a_, 1);
        row_.append(b_, 2);
        row_.rot_header(1);
        row_.rot_header(2);
        co_await die();
        co_await expect_refused("missing=\"the header of a file\" file=millrace.journal.0.2");
        const auto report = co_await accept();
        EXPECT_THAT(*report, IsEmpty());
        co_await expect_kept(3, 1, 0);
    };
    run(scenario());
}

TEST_F(LossesTest, WithoutAnyHeaderEveryLogMayHaveLost) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.append(a_, 1);
        row_.rot_header(0);
        co_await die();
        fill(a_, 1);
        co_await expect_refused("no file has a header");
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{1}, Offset{1}, true},
                                         Loss{"b-0", Offset{0}, Offset{0}, true},
                                         Loss{"c-0", Offset{0}, Offset{0}, true}));
        co_await expect_kept(1, 0, 0);
    };
    run(scenario());
}

TEST_F(LossesTest, ACheckpointIsGoneButTheLifesBeginningIsThere) {
    const auto scenario = [this]() -> Task<> {
        row_.rot(row_.checkpoint(row_.next()));
        row_.append(a_, 1);
        row_.append(b_, 1);
        row_.append(a_, 1);
        co_await die();
        co_await expect_refused("missing=frames");
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"c-0", Offset{0}, Offset{0}, true}));
        co_await expect_kept(2, 1, 0);
    };
    run(scenario());
}

TEST_F(LossesTest, TheOnlyCheckpointIsGone) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.append(b_, 4);
        row_.append(c_, 4);
        row_.begin_file();
        const Lsn begin = row_.next();
        row_.append(a_, 1);
        row_.rot(row_.checkpoint(begin, a_, b_, c_));
        row_.append(a_, 1);
        row_.append(b_, 1);
        co_await die();
        // All that the first file's frames hold was filled and synced, and it was used again.
        fill(a_, 1);
        fill(b_, 1);
        fill(c_, 1);
        std::filesystem::remove(row_.path(data(), 0));
        co_await expect_refused("missing=\"no whole checkpoint\"");
        const auto report = co_await accept();
        // Their bindings went with the checkpoint.
        EXPECT_EQ(report->size(), 5u);
        EXPECT_EQ((*report)[0], (Loss{"a-0", Offset{1}, Offset{1}, true}));
        EXPECT_EQ((*report)[2], (Loss{"c-0", Offset{4}, Offset{4}, true}));
        EXPECT_EQ((*report)[3],
                  (Loss{"log 1 of journal 0, whose name is lost,", Offset{1}, Offset{3}, false}));
        EXPECT_EQ((*report)[4],
                  (Loss{"log 2 of journal 0, whose name is lost,", Offset{4}, Offset{5}, false}));
        co_await expect_kept(1, 1, 1);
    };
    run(scenario());
}

TEST_F(LossesTest, ACheckpointNamesWhatAHoleHides) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        const Lsn begin = row_.next();
        row_.checkpoint(begin, a_);
        const BuiltJournal::Place rotten = row_.append(a_, 3);
        // Of a later checkpoint, one piece of two got there.
        row_.builder().add_binding({a_.id, Uuid{}, a_.folder});
        row_.builder().add_checkpoint(
            {row_.next(), 0, false, {{a_.id, {Offset{0}, a_.bytes.size(), a_.end}}}});
        row_.frame();
        row_.rot(rotten);
        co_await die();
        fill(a_, 1);
        const auto report = co_await accept();
        EXPECT_EQ(report->front(), (Loss{"a-0", Offset{1}, Offset{4}, true}));
        co_await expect_kept(1, 0, 0);
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("lost: a-0 offsets 1 to 3, and maybe an unknown number behind"));
}

TEST_F(LossesTest, ASegmentIsShorterThanItsSyncedEnd) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        for (int i = 0; i < 3; ++i) row_.append(a_, 2);
        row_.append(b_, 1);
        row_.checkpoint(row_.next(), a_, b_);
        row_.append(a_, 2);
        row_.append(b_, 1);
        co_await die();
        fill(a_, 2);
        fill(b_, 1);
        const auto opened = co_await open();
        EXPECT_EQ(opened.error(), make_error_code(Errc::kDamaged));
        EXPECT_TRUE(lines_.contain("--accept-loss"));
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{4}, Offset{8}, false}));
        co_await expect_kept(2, 2, 0);
    };
    run(scenario());
}

TEST_F(LossesTest, APieceOfALargeBatchIsGone) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.append(b_, 1);
        const std::vector<BuiltJournal::Place> first = row_.append_in_pieces(a_, 30'000);
        row_.begin_file();
        // Whole, but it has no place to go on.
        row_.append_in_pieces(a_, 30'000);
        row_.append(b_, 1);
        row_.append(c_, 1);
        EXPECT_EQ(first.size(), 2u);
        row_.rot(first[0]);
        co_await die();
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{1}, Offset{3}, false}));
        co_await expect_kept(1, 2, 1);
    };
    run(scenario());
}

TEST_F(LossesTest, WhatOnlyTheRestOfALargeBatchTellsIsNotKeptSilent) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.append(b_, 1);
        row_.append(c_, 1);
        row_.rot(row_.append_in_pieces(a_, 30'000)[0]);
        row_.append(b_, 1);
        row_.append(c_, 1);
        co_await die();
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{1}, Offset{1}, true}));
        co_await expect_kept(1, 2, 2);
    };
    run(scenario());
}

TEST_F(LossesTest, AFolderThatIsGoneWasAWish) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.rot(row_.append(b_, 1));
        row_.append(a_, 1);
        row_.append(b_, 1);
        row_.append(c_, 1);
        co_await die();
        std::filesystem::remove_all(data() + "/a-0");
        const auto report = co_await accept();
        EXPECT_EQ(report->size(), 2u);
        EXPECT_EQ((*report)[0], (Loss{"b-0", Offset{0}, Offset{0}, true}));
        EXPECT_EQ((*report)[1],
                  (Loss{"log 2 of journal 0, whose name is lost,", Offset{1}, Offset{2}, false}));
        co_await expect_kept(kGone, 0, 1);
    };
    run(scenario());
    EXPECT_TRUE(lines_.contain("dropped what the journal holds for a folder that is gone"));
}

TEST_F(LossesTest, ADamagedJournalDoesNotConcernTheLogsOfAnother) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        BuiltJournal other(1);
        other.start(0);
        other.checkpoint(0);
        other.append(b_, 1);
        other.append(c_, 2);
        other.rot(other.append(c_, 2));
        other.append(b_, 1);
        co_await die();
        other.write(data());
        co_await expect_refused("file=millrace.journal.1.0");
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"c-0", Offset{2}, Offset{2}, true}));
        co_await expect_kept(1, 2, 1);
    };
    run(scenario());
}

TEST_F(LossesTest, WhereOthersMayHaveWrittenNothingIsAccepted) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 1);
        row_.rot(row_.append(a_, 1));
        row_.append(a_, 1);
        co_await die();
        std::filesystem::remove(data() + "/" + std::string(kUncleanName));
        const auto before = everything();
        const auto report = co_await accept();
        EXPECT_EQ(report.error(), make_error_code(Errc::kWrongDirectory));
        EXPECT_TRUE(everything() == before);
    };
    run(scenario());
}

/// Random journals, rotten in random places: a prefix of every log is kept, and the report tells of
/// everything else and of nothing that never was.
class RandomLossesTest : public LossesTest, public testing::WithParamInterface<std::uint64_t> {
protected:
    void build(Prng& prng) {
        std::vector<BuiltJournal::Place> places{row_.checkpoint(row_.next())};
        Lsn begin = row_.next();
        const auto count = prng.between(5, 40);
        for (std::int64_t i = 0; i < count; ++i) {
            KnownLog& log = *logs()[prng.below(3)];
            if (prng.chance(1, 6) || row_.is_full()) row_.begin_file();
            if (prng.chance(1, 15)) {
                filled_.clear();
                for (const KnownLog* each : logs()) filled_[each] = each->ends.size();
                begin = row_.next();
            }
            if (prng.chance(1, 15)) places.push_back(checkpoint(begin));
            places.push_back(row_.append(log, static_cast<std::int32_t>(prng.between(1, 9))));
        }
        // Nobody can tell of the last frame.
        for (auto rotten = prng.between(0, 3); rotten > 0; --rotten) {
            row_.rot(places[prng.below(places.size() - 1)]);
        }
        if (prng.chance(1, 4)) row_.rot_header(0);
    }

    /// Of what is filled by now, at the least. Bindings of all logs, for those that were active.
    BuiltJournal::Place checkpoint(Lsn begin) {
        CheckpointEntry entry{begin, 0, true, {}};
        for (const auto& [log, batches] : filled_) {
            if (log->ends.empty()) continue;
            row_.builder().add_binding({log->id, Uuid{}, log->folder});
            if (batches == 0) continue;
            const auto& [size, end] = log->ends[batches - 1];
            entry.lines.push_back({log->id, {Offset{0}, size, end}});
        }
        row_.builder().add_checkpoint(entry);
        return row_.frame();
    }

    void fill_some(Prng& prng) {
        for (const KnownLog* log : logs()) {
            const auto least = filled_.find(log);
            const std::size_t at_least = least == filled_.end() ? 0 : least->second;
            const auto batches = static_cast<std::size_t>(prng.between(
                static_cast<std::int64_t>(at_least), static_cast<std::int64_t>(log->ends.size())));
            if (batches > 0) fill(*log, batches);
        }
    }

    static std::size_t batches_up_to(const KnownLog& log, Offset end) {
        std::size_t count = 0;
        while (count < log.ends.size() && log.ends[count].second <= end) ++count;
        return count;
    }

    std::map<const KnownLog*, std::size_t> filled_;
};

TEST_P(RandomLossesTest, APrefixIsKeptAndTheReportCoversTheRest) {
    Prng prng(GetParam());
    build(prng);
    const auto scenario = [this, &prng]() -> Task<> {
        co_await die();
        fill_some(prng);
        const auto report = co_await accept();
        EXPECT_TRUE(report);
        std::vector<std::size_t> kept;
        for (const KnownLog* log : logs()) {
            const auto lost = std::find_if(report->begin(), report->end(), [log](const Loss& each) {
                return each.log == log->folder;
            });
            const bool told = lost != report->end();
            const Offset end = told ? lost->from : log->end;
            kept.push_back(batches_up_to(*log, end));
            if (!told) continue;
            EXPECT_LE(lost->from, lost->to);
            EXPECT_LE(lost->to, log->end) << "an offset that never was";
            EXPECT_TRUE(lost->to == log->end || lost->maybe_more);
        }
        co_await expect_kept(kept[0], kept[1], kept[2]);
    };
    run(scenario());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLossesTest, testing::Range<std::uint64_t>(0, 20));

}  // namespace
}  // namespace millrace
