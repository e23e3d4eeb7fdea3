#include "core/storage/directory_recovery.hpp"

#include "core/storage/ballast.hpp"
#include "core/storage/journal_replay.hpp"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

// A replay's memory: what is applied is filled once so much has gathered.
constexpr std::size_t kReplayBytesMax = 64 << 20;

/// One replay, of all open journals of a directory.
class Replay {
public:
    Replay(World& world, Logger& logger, std::string folder, const LogConfig& config,
           std::vector<OpenJournal> journals)
        : world_(world),
          logger_(logger),
          folder_(std::move(folder)),
          journals_(std::move(journals)),
          set_(world, logger, folder_, config) {
        set_.shared.make_room = [this] { return make_room(); };
    }

    Task<Result<void>> run() {
        auto outcome = co_await set_.open_folder();
        if (outcome) outcome = co_await make_stable();
        if (outcome) outcome = co_await load_named();
        for (const OpenJournal& journal : journals_) {
            if (outcome) outcome = co_await apply_entries(journal);
        }
        if (outcome) outcome = co_await settle();
        const auto closed = co_await set_.close();
        if (outcome) outcome = closed;
        co_return outcome;
    }

    Task<Result<LossReport>> salvage(std::vector<LogToLoad> logs) {
        std::map<TopicPartition, Offset> begins;
        auto outcome = co_await set_.open_folder();
        if (outcome) outcome = co_await make_stable();
        for (LogToLoad& each : logs) {
            if (outcome) outcome = co_await load_to_salvage(each, begins[each.name]);
        }
        std::vector<LossTally> tallies;
        for (const OpenJournal& journal : journals_) {
            tallies.emplace_back(journal.options.index, *journal.scan);
            if (outcome) outcome = co_await salvage_entries(journal, tallies.back());
        }
        if (outcome) outcome = co_await settle();
        LossReport report = report_losses(set_, begins, tallies);
        const auto closed = co_await set_.close();
        if (outcome) outcome = closed;
        if (!outcome) co_return outcome.error();
        co_return report;
    }

private:
    /// What the journals hold is what the ballasts are for.
    Task<> make_room() {
        set_.shared.full = true;
        return remove_ballasts(world_, folder_);
    }

    /// Where the log begins, as a checkpoint file or a journal has it, is told in `begin`, and to
    /// the log once it is whole.
    Task<Result<void>> load_to_salvage(LogToLoad& log, Offset& begin) {
        begin = std::exchange(log.past.log_start, Offset{0});
        const std::string name = log.name.folder();
        const auto topic_id = co_await read_topic_id(world_, folder_ + "/" + name);
        if (!topic_id) co_return topic_id.error();
        const LogStarts starts = find_log_starts(journals_);
        const auto start = starts.find({name, *topic_id});
        if (start != starts.end()) {
            begin = std::max(begin, start->second.start);
            begin_at(start->second, log.past);
        }
        co_return co_await set_.load(log.name, log.past);
    }

    Task<Result<void>> make_stable() {
        for (const OpenJournal& journal : journals_) {
            const auto made = co_await make_scanned_stable(world_, journal.options, *journal.scan);
            if (!made) co_return made;
        }
        co_return Result<void>();
    }

    Task<Result<void>> load_named() {
        const LogStarts starts = find_log_starts(journals_);
        std::map<BoundName, LogPosition> ends;
        for (const OpenJournal& journal : journals_) {
            const auto read = co_await find_ends(journal, ends);
            if (!read) co_return read;
        }
        const auto entries = co_await list_folder(world_, folder_);
        if (!entries) co_return entries.error();
        for (const FolderEntry& entry : *entries) {
            const auto name = parse_folder_name(entry.name);
            if (!entry.is_folder || !name) continue;
            const auto topic_id = co_await read_topic_id(world_, folder_ + "/" + entry.name);
            if (!topic_id) co_return topic_id.error();
            const BoundName bound{entry.name, *topic_id};
            PartitionLog::Past past{.clean = true};
            const auto end = ends.find(bound);
            if (end != ends.end()) past.cut = end->second;
            const auto start = starts.find(bound);
            if (start != starts.end()) begin_at(start->second, past);
            if (!past.cut && !past.first_segment) {
                // The process may have died before it had synced the names of a new partition's
                // files; they are there until the power goes.
                const std::string folder = folder_ + "/" + entry.name;
                const auto synced = co_await sync_folder(world_, folder);
                if (!synced) co_return synced;
                continue;
            }
            const auto loaded = co_await set_.load(*name, past);
            if (!loaded) co_return loaded;
        }
        co_return Result<void>();
    }

    /// A log that is deleted up to behind its listed end goes on with a segment that was begun
    /// since: all of it is in the frames.
    static void begin_at(LogStart start, PartitionLog::Past& past) {
        past.first_segment = start.segment_base;
        if (past.cut && past.cut->segment_base < start.segment_base) {
            past.cut = LogPosition{start.segment_base, 0, start.segment_base};
        }
    }

    /// Where the logs' files end that frames or the checkpoint name.
    Task<Result<void>> find_ends(const OpenJournal& journal,
                                 std::map<BoundName, LogPosition>& by_name) {
        const JournalScan& scan = *journal.scan;
        std::map<LogId, LogPosition> ends = scan.ends;
        const auto note_first = [&ends](Lsn, const AppendEntry& entry) {
            if (entry.bytes.size() < 8) return;
            const Offset first{load_be<std::int64_t>(entry.bytes.data())};
            ends.emplace(entry.log, LogPosition{entry.segment_base, entry.position, first});
        };
        const auto nothing = []() -> Task<Result<void>> { co_return Result<void>(); };
        const auto read =
            co_await replay_journal(world_, journal.options, scan, note_first, nothing);
        if (!read) co_return read;
        for (const auto& [id, end] : ends) {
            const auto bound = scan.bindings.find(id);
            const bool is_bound = bound != scan.bindings.end();
            if (is_bound) {
                const BoundName name(bound->second.folder, bound->second.topic_id);
                if (by_name.emplace(name, end).second) continue;
            }
            logger_.error(
                "the journals name a log that nothing binds to a folder, or two that "
                "are bound to one",
                {{"log_dir", folder_}, {"journal", journal.options.index}, {"log", id}});
            co_return Errc::kDamaged;
        }
        co_return Result<void>();
    }

    Task<Result<void>> apply_entries(const OpenJournal& journal) {
        const std::map<LogId, PartitionLog*> targets = find_targets(*journal.scan);
        Result<void> applied;
        const auto apply = [&](Lsn, const AppendEntry& entry) {
            const auto found = targets.find(entry.log);
            PartitionLog* const log = found == targets.end() ? nullptr : found->second;
            if (log == nullptr || !applied) return;
            applied = log->replay(entry.segment_base, entry.position, entry.bytes);
            if (applied) return;
            logger_.error("the journal does not go on where a log ends",
                          {{"partition", log->name().folder()},
                           {"log_end_offset", log->log_end_offset().value}});
        };
        const auto fill_some = [&] { return fill_replayed(applied); };
        co_return co_await replay_journal(world_, journal.options, *journal.scan, apply, fill_some);
    }

    Task<Result<void>> salvage_entries(const OpenJournal& journal, LossTally& tally) {
        const std::map<LogId, PartitionLog*> targets = find_targets(*journal.scan);
        const auto apply = [&](Lsn lsn, const AppendEntry& entry) {
            const auto found = targets.find(entry.log);
            if (found == targets.end()) {
                tally.note_nameless(entry);
            } else if (found->second != nullptr) {
                tally.apply(lsn, entry, *found->second);
            }
        };
        const auto fill_some = [this] { return fill_replayed({}); };
        co_return co_await replay_journal(world_, journal.options, *journal.scan, apply, fill_some);
    }

    std::map<LogId, PartitionLog*> find_targets(const JournalScan& scan) {
        std::map<LogId, PartitionLog*> targets;
        for (const auto& [id, bound] : scan.bindings) {
            const auto name = parse_folder_name(bound.folder);
            PartitionLog* const there = name ? set_.find(*name) : nullptr;
            const bool is_it = there != nullptr && there->topic_id() == bound.topic_id;
            targets[id] = is_it ? there : nullptr;
            if (is_it) continue;
            logger_.warn("dropped what the journal holds for a folder that is gone",
                         {{"log_dir", folder_},
                          {"folder", bound.folder},
                          {"topic_id", bound.topic_id.to_string()}});
        }
        return targets;
    }

    /// Bounds the memory of a replay: what is applied so far is filled once so much has gathered.
    Task<Result<void>> fill_replayed(Result<void> applied) {
        if (!applied) co_return applied;
        if (set_.shared.unfilled < kReplayBytesMax) co_return Result<void>();
        for (auto& [name, log] : set_.logs) {
            const auto filled = co_await log->fill(PartitionLog::Fill::kBlocks);
            if (!filled) co_return filled;
        }
        co_return Result<void>();
    }

    Task<Result<void>> settle() {
        for (auto& [name, log] : set_.logs) {
            log->end_replay();
            const auto settled = co_await log->fill(PartitionLog::Fill::kSettle);
            if (!settled) co_return settled;
            log->take_snapshot();
            const auto written = co_await log->write_snapshots(log->log_end_offset());
            if (!written) co_return written;
        }
        co_return co_await set_.sync_segments();
    }

    World& world_;
    Logger& logger_;
    const std::string folder_;
    const std::vector<OpenJournal> journals_;
    LogSet set_;
};

}  // namespace

LogStarts find_log_starts(const std::vector<OpenJournal>& journals) {
    LogStarts found;
    for (const OpenJournal& journal : journals) {
        const JournalScan& scan = *journal.scan;
        for (const auto& [id, start] : scan.starts) {
            const auto bound = scan.bindings.find(id);
            if (bound == scan.bindings.end()) continue;
            found[{bound->second.folder, bound->second.topic_id}] = start;
        }
    }
    return found;
}

Task<Result<void>> replay_journals(World& world, Logger& logger, std::string folder,
                                   LogConfig config, std::vector<OpenJournal> journals) {
    Replay replay(world, logger, std::move(folder), config, std::move(journals));
    co_return co_await replay.run();
}

Task<Result<LossReport>> salvage_journals(World& world, Logger& logger, std::string folder,
                                          LogConfig config, std::vector<OpenJournal> journals,
                                          std::vector<LogToLoad> logs) {
    Replay replay(world, logger, std::move(folder), config, std::move(journals));
    co_return co_await replay.salvage(std::move(logs));
}

Task<Result<void>> close_journal(World& world, Logger& logger, JournalOptions options,
                                 Journal::Past past) {
    const auto make_room = [&world, folder = options.folder] {
        return remove_ballasts(world, folder);
    };
    // What it has replayed it wants no more, and a directory that is full has no room for a file.
    options.frugal = true;
    auto opened = co_await Journal::open(world, logger, options, std::move(past), make_room);
    if (!opened) co_return opened.error();
    Journal& journal = **opened;
    const Lsn begin = journal.next_lsn();
    auto outcome = co_await journal.write_control([begin](FrameBuilder& frame) {
        frame.add_checkpoint({begin, 0, true, {}});
        frame.add_closed();
        return false;
    });
    const auto closed = co_await journal.close();
    if (outcome) outcome = closed;
    co_return outcome;
}

}  // namespace millrace
