// The start of a LogDirectory: which recovery it needs, the replay of its journal, and the opening
// of a new life.
//
// Nothing is written before all retained frames have been read; the journal's own files only after
// everything they hold is in synced segments. So a start that dies leaves the next one where it
// began.
#include "core/storage/directory_names.hpp"
#include "core/storage/log_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace millrace {
namespace {

// Folders that a Java broker has in a log directory beside its partitions.
constexpr std::array<std::string_view, 2> kKnownFolders{"remote-log-index-cache",
                                                        "__cluster_metadata-0"};
// A replay's memory: what is applied is filled once so much has gathered.
constexpr std::size_t kReplayBytesMax = 64 << 20;

bool is_put_aside(std::string_view name) {
    return name.ends_with("-delete") || name.ends_with("-stray") || name.ends_with("-future");
}

bool is_partition_folder(const FolderEntry& entry) {
    const bool known =
        std::find(kKnownFolders.begin(), kKnownFolders.end(), entry.name) != kKnownFolders.end();
    return entry.is_folder && !known && !is_put_aside(entry.name) && entry.name != kUncleanName;
}

}  // namespace

Task<Result<void>> LogDirectory::load() {
    auto scan = co_await scan_journal(world_, logger_, journal_options());
    if (!scan) co_return scan.error();
    const auto recovery = co_await choose_recovery(*scan);
    if (!recovery) co_return recovery.error();
    was_clean_ = *recovery == Recovery::kNone;
    Result<void> loaded;
    if (*recovery == Recovery::kReplay) {
        world_.metrics().replays.add();
        logger_.info("recovering",
                     {{"log_dir", path_}, {"from", scan->replay_from}, {"to", scan->past.end}});
        loaded = co_await replay(*scan);
        if (loaded) logger_.info("recovered", {{"log_dir", path_}});
    } else {
        loaded = co_await load_logs({}, was_clean_);
    }
    // The journal may forget nothing, and a clean stop promise nothing, before this.
    if (loaded) loaded = co_await sync_segments();
    if (!loaded) co_return loaded;
    co_return co_await open_journal(std::move(scan->past));
}

/// An open journal is replayed, unless somebody else has written here since.
Task<Result<LogDirectory::Recovery>> LogDirectory::choose_recovery(const JournalScan& scan) {
    const bool open = !scan.is_new && !scan.closed;
    const bool marked = co_await exists(kMarkerName);
    if (!open && marked) co_return Recovery::kNone;
    if (!open) co_return Recovery::kKafkas;
    const bool guarded = co_await exists(kUncleanName);
    if (guarded && !marked) co_return Recovery::kReplay;
    logger_.error(
        "the journal is open, but the folder that keeps others out is gone: somebody else may "
        "have written here. Put the folder back to replay the journal, or remove the "
        "millrace.journal files to give up what only they hold",
        {{"log_dir", path_}, {"folder", kUncleanName}});
    co_return Errc::kWrongDirectory;
}

Task<Result<void>> LogDirectory::load_logs(const std::map<std::string, LogPosition>& cuts,
                                           bool whole) {
    const auto recovery_points = co_await read_checkpoint(kRecoveryPointsName);
    if (!recovery_points) co_return recovery_points.error();
    const auto log_starts = co_await read_checkpoint(kLogStartsName);
    if (!log_starts) co_return log_starts.error();
    const auto entries = co_await list_folder(world_, path_);
    if (!entries) co_return entries.error();
    const auto at_or_zero = [](const OffsetCheckpoint& all, const TopicPartition& name) {
        const auto found = all.find(name);
        return found == all.end() ? Offset{0} : found->second;
    };
    for (const FolderEntry& entry : *entries) {
        if (!is_partition_folder(entry)) continue;
        const auto name = parse_folder_name(entry.name);
        if (!name) {
            logger_.error("a folder in the log directory is no partition: move it away",
                          {{"folder", file(entry.name)}});
            co_return Errc::kWrongDirectory;
        }
        PartitionLog::Past past{whole, at_or_zero(*recovery_points, *name),
                                at_or_zero(*log_starts, *name), std::nullopt};
        const auto cut = cuts.find(entry.name);
        if (cut != cuts.end()) past.cut = cut->second;
        auto log = co_await PartitionLog::open(shared_, path_, *name, next_log_id_++, past);
        if (!log) {
            logger_.error("a partition's log cannot be loaded", {{"folder", file(entry.name)}});
            co_return log.error();
        }
        logs_.emplace(*name, std::move(*log));
    }
    co_return Result<void>();
}

Task<Result<void>> LogDirectory::replay(const JournalScan& scan) {
    const auto ends = co_await find_ends(scan);
    if (!ends) co_return ends.error();
    const auto loaded = co_await load_logs(*ends, true);
    if (!loaded) co_return loaded;
    const auto applied = co_await apply_entries(scan);
    if (!applied) co_return applied;
    for (auto& [name, log] : logs_) {
        log->end_replay();
        const auto settled = co_await log->fill(PartitionLog::Fill::kSettle);
        if (!settled) co_return settled;
    }
    co_return Result<void>();
}

/// Where the logs' files end that frames or the checkpoint name, by folder.
Task<Result<std::map<std::string, LogPosition>>> LogDirectory::find_ends(const JournalScan& scan) {
    std::map<LogId, LogPosition> ends = scan.ends;
    const auto note_first = [&ends](const AppendEntry& entry) {
        if (entry.bytes.size() < 8) return;
        const Offset first{load_be<std::int64_t>(entry.bytes.data())};
        ends.emplace(entry.log, LogPosition{entry.segment_base, entry.position, first});
    };
    const auto nothing = []() -> Task<Result<void>> { co_return Result<void>(); };
    const auto read = co_await replay_journal(world_, journal_options(), scan, note_first, nothing);
    if (!read) co_return read.error();
    std::map<std::string, LogPosition> by_folder;
    for (const auto& [id, end] : ends) {
        const auto bound = scan.bindings.find(id);
        if (bound == scan.bindings.end()) {
            logger_.error("the journal names a log that nothing binds to a folder",
                          {{"log_dir", path_}, {"log", id}});
            co_return Errc::kDamaged;
        }
        by_folder.emplace(bound->second.folder, end);
    }
    co_return by_folder;
}

Task<Result<void>> LogDirectory::apply_entries(const JournalScan& scan) {
    std::map<LogId, PartitionLog*> targets;
    for (const auto& [id, bound] : scan.bindings) {
        const auto name = parse_folder_name(bound.folder);
        PartitionLog* const log = name ? find(*name) : nullptr;
        targets[id] = log;
        if (log != nullptr) continue;
        logger_.warn("dropped what the journal holds for a folder that is gone",
                     {{"log_dir", path_}, {"folder", bound.folder}});
    }
    Result<void> applied;
    const auto apply = [&](const AppendEntry& entry) {
        PartitionLog* const log = targets[entry.log];
        if (log == nullptr || !applied) return;
        applied = log->replay(entry.segment_base, entry.position, entry.bytes);
        if (applied) return;
        logger_.error(
            "the journal does not go on where a log ends",
            {{"partition", log->name().folder()}, {"log_end_offset", log->log_end_offset().value}});
    };
    const auto fill_some = [&] { return fill_replayed(applied); };
    co_return co_await replay_journal(world_, journal_options(), scan, apply, fill_some);
}

/// Bounds the memory of a replay: what is applied so far is filled once so much has gathered.
Task<Result<void>> LogDirectory::fill_replayed(const Result<void>& applied) {
    if (!applied) co_return applied;
    if (shared_.unfilled < kReplayBytesMax) co_return Result<void>();
    for (auto& [name, log] : logs_) {
        const auto filled = co_await log->fill(PartitionLog::Fill::kBlocks);
        if (!filled) co_return filled;
    }
    co_return Result<void>();
}

Task<Result<void>> LogDirectory::open_journal(Journal::Past past) {
    const auto unmarked = co_await remove_file(world_, file(kMarkerName));
    if (!unmarked && unmarked.error() != system_error(ENOENT)) co_return unmarked;
    const auto guarded = co_await make_folder(world_, file(kUncleanName));
    if (!guarded && guarded.error() != system_error(EEXIST)) co_return guarded;
    const auto synced = co_await sync_folder(world_, path_);
    if (!synced) co_return synced;
    auto journal = co_await Journal::open(world_, logger_, journal_options(), std::move(past));
    if (!journal) co_return journal.error();
    journal_ = std::move(*journal);
    journal_->on_failed([this](const Error& error) { fail(error); });
    journal_->on_checkpoint_wanted([this] { start_checkpoint(); });
    const Lsn begin = journal_->next_lsn();
    const auto told = co_await write_checkpoint_frames(begin, {});
    if (!told) co_return told;
    journal_->release_before(begin);
    journal_->reserve(reserve_bytes());
    shared_.journal = journal_.get();
    co_return Result<void>();
}

}  // namespace millrace
