// The way out of a damaged journal: journals are built frame by frame, then rotted. What a start
// refuses, what accept_loss keeps, and what it says is lost.
#include "tests/support/losses_test.hpp"

#include <gmock/gmock.h>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

TEST_F(LossesTest, WhatWasDeletedIsNotLost) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 2);
        row_.append(b_, 1);
        row_.append(c_, 1);
        row_.rot(row_.append(a_, 2));
        row_.builder().add_log_start({a_.id, {Offset{4}, Offset{0}}});
        row_.append(b_, 1);
        row_.append(c_, 1);
        co_await die();
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{4}, Offset{4}, true}));
        const auto directory = co_await open();
        const PartitionLog& log = *(*directory)->find(*parse_folder_name("a-0"))->place.log;
        EXPECT_EQ(log.log_start_offset(), Offset{4});
        EXPECT_EQ(log.log_end_offset(), Offset{4});
        EXPECT_TRUE(co_await (*directory)->close());
    };
    run(scenario());
}

TEST_F(LossesTest, WhatWasDeletedBeforeTheJournalBeganIsNotLost) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 2);
        row_.append(b_, 1);
        row_.rot(row_.append(a_, 3));
        row_.append(a_, 4);
        row_.append(b_, 1);
        row_.append(c_, 1);
        co_await die();
        std::ofstream(data() + "/" + std::string(kLogStartsName)) << "0\n1\na 0 7\n";
        const auto report = co_await accept();
        EXPECT_THAT(*report, ElementsAre(Loss{"a-0", Offset{7}, Offset{9}, false}));
        co_await expect_kept(kGone, 2, 1);
    };
    run(scenario());
}

TEST_F(LossesTest, WhatCannotBeReadIsAnErrorAndNoMore) {
    const auto scenario = [this]() -> Task<> {
        row_.checkpoint(row_.next());
        row_.append(a_, 2);
        row_.append(b_, 2);
        co_await die();
        const std::string metadata = data() + "/b-0/partition.metadata";
        std::filesystem::remove(metadata);
        std::filesystem::create_directory(metadata);
        const auto report = co_await accept();
        EXPECT_EQ(report.error(), system_error(EISDIR));
        std::filesystem::remove(metadata);
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

}  // namespace
}  // namespace millrace
