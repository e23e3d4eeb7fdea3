// A journal by itself: what it does while nobody frees it.
#include "core/storage/journal.hpp"

#include "tests/support/on_ring.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kAppendBytes = 16 << 10;

/// Has one append to write whenever it is asked to.
class Appender final : public JournalMember {
public:
    explicit Appender(World& world) : journaled(world) {}

    Added add_to(FrameBuilder& frame) override {
        if (frame.append_room() < kAppendBytes) return Added::kSome;
        (void)frame.add_append(1, Offset{0}, 0, kAppendBytes);
        return Added::kAll;
    }
    void on_journaled() override { journaled.wake_through(0); }

    WaitList journaled;
};

Task<> no_room() { co_return; }

class JournalTest : public OnRing {
protected:
    JournalOptions options() const {
        JournalOptions options;
        options.folder = folder_;
        options.bytes = 8 * options.file_bytes_min;
        return options;
    }
    std::uint64_t journal_file_bytes() const { return options().file_bytes(); }

    Task<std::unique_ptr<Journal>> open() {
        auto journal = co_await Journal::open(*world_, logger_, options(), {}, no_room);
        (*journal)->reserve(0);
        co_return std::move(*journal);
    }

    /// False when the journal has no room for it.
    static Task<bool> append(Journal& journal, Appender& appender, World& world) {
        journal.enqueue(appender);
        const Time deadline = world.now() + std::chrono::milliseconds(300);
        co_return (co_await appender.journaled.wait(0, deadline)).has_value();
    }
};

TEST_F(JournalTest, AppendsAreSlowedFromThreeQuartersOn) {
    const auto scenario = [this]() -> Task<> {
        auto journal = co_await open();
        Appender appender(*world_);
        std::vector<Duration> pauses;
        do {
            pauses.push_back(journal->pause());
        } while (co_await append(*journal, appender, *world_));
        EXPECT_TRUE(std::is_sorted(pauses.begin(), pauses.end()));
        const auto first =
            std::find_if(pauses.begin(), pauses.end(), [](Duration each) { return each.count(); });
        const auto last = std::find(pauses.begin(), pauses.end(), Journal::kPauseMax);
        // Seven of eight files, in frames of 20 KiB, twelve a file.
        const auto quick = first - pauses.begin();
        const auto all = last - pauses.begin();
        EXPECT_GT(all, 6 * 12);
        EXPECT_GE(quick, all * 7 / 10);
        EXPECT_LE(quick, all * 8 / 10);
        EXPECT_LT(*first, Journal::kPauseMax / 10);
        EXPECT_GT(pauses.back(), Journal::kPauseMax * 8 / 10);
        EXPECT_LE(pauses.back(), Journal::kPauseMax);

        journal->release_before(journal->next_lsn());
        EXPECT_EQ(journal->pause(), Duration::zero());
        EXPECT_TRUE(co_await journal->close());
    };
    run(scenario());
}

TEST_F(JournalTest, NoCheckpointIsAskedForThatWouldFreeNothing) {
    const auto scenario = [this]() -> Task<> {
        auto journal = co_await open();
        Appender appender(*world_);
        Lsn asked_at = 0;
        journal->on_checkpoint_wanted([&] { asked_at = journal->next_lsn(); });
        // The first file is full before the next is there, and a checkpoint couldn't free it.
        while (asked_at == 0) EXPECT_TRUE(co_await append(*journal, appender, *world_));
        EXPECT_GT(asked_at, journal_file_bytes());
        EXPECT_TRUE(co_await journal->close());
    };
    run(scenario());
}

}  // namespace
}  // namespace millrace
