// The way out of a damaged journal: journals are built frame by frame, then rotted. What a start
// refuses, what accept_loss keeps, and what it says is lost.
#include "core/storage/losses.hpp"

#include "core/base/prng.hpp"
#include "core/storage/directory_names.hpp"
#include "core/storage/log_directory.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/on_ring.hpp"

#include <array>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kJournalId = 4711;
constexpr std::uint64_t kFileBytes = 64 << 10;
constexpr std::uint32_t kLife = 3;
constexpr std::size_t kGone = ~std::size_t{0};  // a folder

/// A log as the broker that wrote the journal knew it.
struct Known {
    Known(std::string name, LogId number) : folder(std::move(name)), id(number) {}

    std::string folder;
    LogId id;
    Bytes bytes;
    Offset end;
    std::vector<std::pair<std::size_t, Offset>> ends;  // behind each batch
};

/// A journal in the making: a row of files that is written out at the end.
class Row {
public:
    struct Place {
        std::uint64_t file;
        std::size_t offset;  // in the file
        std::size_t size;
        Lsn lsn;
    };

    explicit Row(std::uint32_t index = 0) : index_(index), builder_(kJournalId, kFileBytes / 4) {}

    /// Goes on in a fresh file.
    void begin_file() {
        JournalFileHeader header;
        header.journal_id = kJournalId;
        header.sequence = files_.size() + 10;
        header.start = next_;
        header.life = kLife;
        header.former_end = files_.empty() ? next_ : 0;
        header.file_bytes = kFileBytes;
        const AlignedBytes block = encode_journal_header(header);
        files_.emplace_back(block.bytes().begin(), block.bytes().end());
    }

    /// Seals what was added to builder() since the last frame.
    Place frame() {
        const ByteView sealed = builder_.seal(next_, kLife, next_);
        const Place place{files_.size() - 1, files_.back().size(), sealed.size(), next_};
        append_bytes(files_.back(), sealed);
        next_ += sealed.size();
        builder_.begin();
        return place;
    }

    void start(Lsn lsn) {
        next_ = lsn;
        builder_.begin();
        begin_file();
    }
    /// No room for two small frames.
    bool is_full() const { return files_.back().size() + 2 * kJournalBlock > kFileBytes; }
    FrameBuilder& builder() { return builder_; }
    Lsn next() const { return next_; }

    /// As if all of these were filled and synced.
    template <class... Logs>
    Place checkpoint(Lsn begin, const Logs&... logs) {
        CheckpointEntry entry{begin, 0, true, {}};
        (builder_.add_binding({logs.id, Uuid{}, logs.folder}), ...);
        (entry.lines.push_back({logs.id, {Offset{0}, logs.bytes.size(), logs.end}}), ...);
        builder_.add_checkpoint(entry);
        return frame();
    }

    /// One frame with one batch; the log's first one binds it.
    Place append(Known& log, std::int32_t records) {
        if (log.bytes.empty()) builder_.add_binding({log.id, Uuid{}, log.folder});
        add_batch(log, records);
        return frame();
    }

    void add_batch(Known& log, std::int32_t records) {
        const Bytes batch = next_batch(log, {.records = records});
        const MutableBytes into =
            builder_.add_append(log.id, Offset{0}, log.bytes.size() - batch.size(), batch.size());
        std::copy(batch.begin(), batch.end(), into.begin());
    }

    /// One record that takes several frames.
    std::vector<Place> append_in_pieces(Known& log, std::size_t value_bytes) {
        const std::size_t begin = log.bytes.size();
        const Bytes batch = next_batch(log, {.value_bytes = value_bytes});
        std::vector<Place> places;
        for (std::size_t done = 0; done < batch.size();) {
            const std::size_t size = std::min(batch.size() - done, builder_.append_room());
            const MutableBytes into = builder_.add_append(log.id, Offset{0}, begin + done, size);
            std::copy_n(batch.begin() + static_cast<std::ptrdiff_t>(done), size, into.begin());
            done += size;
            places.push_back(frame());
        }
        return places;
    }

    void write(const std::string& folder) {
        for (std::size_t i = 0; i < files_.size(); ++i) {
            files_[i].resize(kFileBytes);
            std::ofstream out(path(folder, i), std::ios::binary);
            out.write(reinterpret_cast<const char*>(files_[i].data()),
                      static_cast<std::streamsize>(files_[i].size()));
        }
    }

    std::string path(const std::string& folder, std::uint64_t file) const {
        return folder + "/" + journal_file_name(index_, file);
    }

    void rot(const Place& place) {
        files_[place.file][place.offset + kFrameHeaderBytes + 5] ^= std::byte{1};
    }
    void rot_header(std::uint64_t file) { files_[file][20] ^= std::byte{1}; }

private:
    static Bytes next_batch(Known& log, BatchRecipe recipe) {
        recipe.base_timestamp = 1000 + log.end.value;
        Bytes batch = make_batch(recipe);
        assign_offset_and_epoch(batch, log.end, LeaderEpoch{0});
        append_bytes(log.bytes, batch);
        log.end = RecordBatchView(batch).last_offset() + 1;
        log.ends.emplace_back(log.bytes.size(), log.end);
        return batch;
    }

    const std::uint32_t index_;
    FrameBuilder builder_;
    std::vector<Bytes> files_;
    Lsn next_{};
};

class LossesTest : public OnRing {
protected:
    LossesTest() { row_.start(8192); }

    std::array<Known*, 3> logs() { return {&a_, &b_, &c_}; }
    std::string data() const { return folder_ + "/data"; }
    std::string segment(const Known& log) const {
        return data() + "/" + log.folder + "/00000000000000000000.log";
    }

    static LogConfig config() {
        LogConfig config;
        config.batch_bytes_max = 40'000;
        config.journal_file_bytes_min = kFileBytes;
        config.journal_bytes = kFileBytes * 8;
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
        for (const Known* log : logs()) {
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

    static Task<> expect_end(LogDirectory& directory, const Known& log, std::size_t batches) {
        if (batches == kGone) co_return;
        const Offset end = batches == 0 ? Offset{0} : log.ends[batches - 1].second;
        const auto* const entry = directory.find(*parse_folder_name(log.folder));
        PartitionLog& found = *entry->place.log;
        EXPECT_EQ(found.log_end_offset(), end) << log.folder;
        Bytes next = make_batch();
        EXPECT_EQ(found.append(next, LeaderEpoch{1})->base_offset, end);
        EXPECT_TRUE(co_await found.wait_durable(found.log_end_offset(), kNever));
    }

    void expect_prefix(const Known& log, std::size_t batches) const {
        if (batches == kGone) return;
        const std::size_t size = batches == 0 ? 0 : log.ends[batches - 1].first;
        std::ifstream file(segment(log), std::ios::binary);
        std::string content(size, 0);
        file.read(content.data(), static_cast<std::streamsize>(size));
        EXPECT_EQ(content, as_text(ByteView(log.bytes).first(size))) << log.folder;
    }

    /// As if the broker had filled the first `batches` batches before it died.
    void fill(const Known& log, std::size_t batches) const {
        std::ofstream file(segment(log), std::ios::binary);
        file.write(reinterpret_cast<const char*>(log.bytes.data()),
                   static_cast<std::streamsize>(log.ends[batches - 1].first));
    }

    Known a_{"a-0", 1};
    Known b_{"b-0", 2};
    Known c_{"c-0", 3};
    Row row_;
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
        const Row::Place rotten = row_.append(a_, 2);
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
        const Row::Place rotten = row_.append(a_, 2);
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
        const Row::Place rotten = row_.append(a_, 3);
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
        const std::vector<Row::Place> first = row_.append_in_pieces(a_, 30'000);
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
        Row other(1);
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
        std::vector<Row::Place> places{row_.checkpoint(row_.next())};
        Lsn begin = row_.next();
        const auto count = prng.between(5, 40);
        for (std::int64_t i = 0; i < count; ++i) {
            Known& log = *logs()[prng.below(3)];
            if (prng.chance(1, 6) || row_.is_full()) row_.begin_file();
            if (prng.chance(1, 15)) {
                filled_.clear();
                for (const Known* each : logs()) filled_[each] = each->ends.size();
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
    Row::Place checkpoint(Lsn begin) {
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
        for (const Known* log : logs()) {
            const auto least = filled_.find(log);
            const std::size_t at_least = least == filled_.end() ? 0 : least->second;
            const auto batches = static_cast<std::size_t>(prng.between(
                static_cast<std::int64_t>(at_least), static_cast<std::int64_t>(log->ends.size())));
            if (batches > 0) fill(*log, batches);
        }
    }

    static std::size_t batches_up_to(const Known& log, Offset end) {
        std::size_t count = 0;
        while (count < log.ends.size() && log.ends[count].second <= end) ++count;
        return count;
    }

    std::map<const Known*, std::size_t> filled_;
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
        for (const Known* log : logs()) {
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
