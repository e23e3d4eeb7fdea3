// A test of a log directory of three logs whose broker has died with a journal of the test's
// making.
#pragma once

#include "core/storage/directory_names.hpp"
#include "core/storage/log_directory.hpp"
#include "core/storage/losses.hpp"
#include "tests/support/built_journal.hpp"
#include "tests/support/on_ring.hpp"

#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

namespace millrace {

inline constexpr std::size_t kGone = ~std::size_t{0};  // a folder

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

}  // namespace millrace
