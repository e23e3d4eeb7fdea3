#include "cluster/brokerd/doctor.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace millrace {
namespace {

using Verdict = Check::Verdict;

BrokerConfig config_of(const Properties& properties = {}) { return read_config(properties).config; }

/// A folder on which nothing is to be said.
FolderFacts good_folder() {
    FolderFacts facts;
    facts.path = facts.measured_in = "/data";
    facts.exists = true;
    facts.owner = facts.user = "millrace";
    facts.flush_us = 100;
    facts.total_bytes = facts.free_bytes = std::uint64_t{100} << 30;
    return facts;
}

/// The verdicts about it that aren't kOk, by name.
std::vector<std::pair<std::string, Verdict>> complaints(const FolderFacts& facts,
                                                        const BrokerConfig& config = config_of()) {
    std::vector<std::pair<std::string, Verdict>> found;
    for (const Check& each : check_folder(facts, config)) {
        if (each.verdict == Verdict::kOk) continue;
        EXPECT_FALSE(each.remedy.empty()) << each.name;
        found.emplace_back(each.name, each.verdict);
    }
    return found;
}

using Complaints = std::vector<std::pair<std::string, Verdict>>;

TEST(Doctor, ARefusedRingFailsWithTheKernelsRemedy) {
    const Check refused = check_ring({"5.4.0", "", "io_uring is refused: no. Run a newer one."});
    EXPECT_EQ(refused.verdict, Verdict::kFail);
    EXPECT_EQ(refused.measured, "Linux 5.4.0: io_uring is refused: no");
    EXPECT_EQ(refused.remedy, "Run a newer one.");
    EXPECT_EQ(check_ring({"5.15.0", "submit_all", ""}).verdict, Verdict::kWarn);
    EXPECT_EQ(check_ring({"6.18.0", "defer_taskrun,submit_all", ""}).verdict, Verdict::kOk);
}

TEST(Doctor, LockedMemoryIsForRingsFirstAndThenForFrames) {
    const auto verdict = [](std::uint64_t limit) {
        return check_locked_memory({limit, LimitFacts::kNone}, 8, config_of()).verdict;
    };
    EXPECT_EQ(verdict(64 << 10), Verdict::kFail);
    EXPECT_EQ(verdict(9 << 20), Verdict::kWarn);
    EXPECT_EQ(verdict(10 << 20), Verdict::kOk);
    EXPECT_EQ(verdict(LimitFacts::kNone), Verdict::kOk);
}

TEST(Doctor, DescriptorsAreForPartitionsAndConnections) {
    FolderFacts folder = good_folder();
    folder.folders = 10'000;
    const auto verdict = [&folder](std::uint64_t limit) {
        return check_descriptors({LimitFacts::kNone, limit}, {folder}).verdict;
    };
    EXPECT_EQ(verdict(1024), Verdict::kFail);
    EXPECT_EQ(verdict(32'000), Verdict::kWarn);
    EXPECT_EQ(verdict(65'536), Verdict::kOk);
}

TEST(Doctor, AGoodFolderHasNoComplaint) {
    EXPECT_EQ(complaints(good_folder()), Complaints{});
    FolderFacts missing = good_folder();
    missing.exists = false;
    missing.owner = "root";
    EXPECT_EQ(complaints(missing), Complaints{});
}

TEST(Doctor, WhoMayNotWriteIsTold) {
    FolderFacts facts = good_folder();
    facts.write_error = EACCES;
    EXPECT_EQ(complaints(facts), (Complaints{{"access to /data", Verdict::kFail}}));
    facts = good_folder();
    facts.foreign = "t-0";
    EXPECT_EQ(complaints(facts), (Complaints{{"access to /data", Verdict::kFail}}));
    facts = good_folder();
    facts.user = "root";
    EXPECT_EQ(complaints(facts), (Complaints{{"access to /data", Verdict::kWarn}}));
}

TEST(Doctor, WhatAFilesystemLacksIsToMind) {
    FolderFacts facts = good_folder();
    facts.direct_error = EINVAL;
    EXPECT_EQ(complaints(facts), (Complaints{{"direct writes in /data", Verdict::kWarn}}));
    EXPECT_EQ(complaints(facts, config_of({{"segment.writes", "cached"}})), Complaints{});
    facts = good_folder();
    facts.allocate_error = EOPNOTSUPP;
    EXPECT_EQ(complaints(facts), (Complaints{{"allocation in /data", Verdict::kWarn}}));
    facts = good_folder();
    facts.in_memory = true;
    EXPECT_EQ(complaints(facts), (Complaints{{"flush in /data", Verdict::kWarn}}));
}

TEST(Doctor, ASlowFlushIsToMindWhereAcknowledgementsWaitForIt) {
    FolderFacts facts = good_folder();
    facts.flush_us = 12'000;
    EXPECT_EQ(complaints(facts), (Complaints{{"flush in /data", Verdict::kWarn}}));
    EXPECT_EQ(complaints(facts, config_of({{"durability", "os"}})), Complaints{});
    facts.flush_us = -1;
    EXPECT_EQ(complaints(facts), (Complaints{{"flush in /data", Verdict::kFail}}));
}

TEST(Doctor, RoomIsForTheJournalAndItsBallast) {
    const BrokerConfig config = config_of({{"journal.bytes", "1073741824"}});
    FolderFacts facts = good_folder();
    facts.free_bytes = std::uint64_t{1} << 30;
    EXPECT_EQ(complaints(facts, config), (Complaints{{"room in /data", Verdict::kWarn}}));
    facts.journal_bytes = std::uint64_t{1} << 30;
    EXPECT_EQ(complaints(facts, config), Complaints{});
    facts.journal_bytes = 0;
    facts.free_bytes = 1 << 20;
    EXPECT_EQ(complaints(facts, config), (Complaints{{"room in /data", Verdict::kFail}}));
}

TEST(Doctor, StatesOfADirectory) {
    const auto verdict = [](std::optional<DirectoryState> state) {
        return check_state(good_folder(), state).verdict;
    };
    EXPECT_EQ(verdict(DirectoryState::kNew), Verdict::kOk);
    EXPECT_EQ(verdict(DirectoryState::kClean), Verdict::kOk);
    EXPECT_EQ(verdict(DirectoryState::kUnclean), Verdict::kWarn);
    EXPECT_EQ(verdict(DirectoryState::kUncleanKafka), Verdict::kWarn);
    EXPECT_EQ(verdict(DirectoryState::kWrittenSince), Verdict::kFail);
    EXPECT_EQ(verdict(DirectoryState::kDamaged), Verdict::kFail);
    EXPECT_EQ(verdict(std::nullopt), Verdict::kWarn);
    FolderFacts used = good_folder();
    used.in_use = true;
    EXPECT_EQ(check_state(used, std::nullopt).measured, "in use: a broker holds its lock");
}

TEST(Doctor, APortThatABrokerCanDoWithoutIsToMindOnly) {
    EXPECT_EQ(check_port({"", 9092, 0}, "listeners", false).verdict, Verdict::kOk);
    EXPECT_EQ(check_port({"", 9092, EADDRINUSE}, "listeners", false).verdict, Verdict::kFail);
    EXPECT_EQ(check_port({"", 9404, EADDRINUSE}, "admin.listener", true).verdict, Verdict::kWarn);
}

TEST(Doctor, AnAdvertisedNameHasToBeKnownAndShouldBeHere) {
    EXPECT_EQ(check_name({}).verdict, Verdict::kOk);
    EXPECT_EQ(check_name({"b1", {}, false}).verdict, Verdict::kFail);
    EXPECT_EQ(check_name({"b1", {"10.0.0.1"}, false}).verdict, Verdict::kWarn);
    EXPECT_EQ(check_name({"b1", {"10.0.0.1"}, true}).verdict, Verdict::kOk);
}

TEST(Doctor, SaysItAsTextAndAsJson) {
    const std::vector<Check> checks{{Verdict::kOk, "io_uring", "Linux 6", ""},
                                    {Verdict::kFail, "a \"port\"", "taken\n", "another"}};
    EXPECT_EQ(to_text(checks),
              "ok    io_uring: Linux 6\n"
              "fail  a \"port\": taken\n\n"
              "      -> another\n"
              "1 ok, 0 to mind, 1 would fail\n");
    EXPECT_EQ(
        to_json(checks),
        R"({"checks":[{"verdict":"ok","name":"io_uring","measured":"Linux 6","remedy":""},)"
        R"({"verdict":"fail","name":"a \"port\"","measured":"taken\u000a","remedy":"another"}],)"
        "\"failed\":1}\n");
    EXPECT_TRUE(any_failed(checks));
    EXPECT_FALSE(any_failed({checks.front()}));
}

}  // namespace
}  // namespace millrace
