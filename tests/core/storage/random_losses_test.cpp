// The way out of a damaged journal, for journals and rot that are drawn.
#include "core/base/prng.hpp"
#include "tests/support/losses_test.hpp"

#include <algorithm>
#include <map>

namespace millrace {
namespace {

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
