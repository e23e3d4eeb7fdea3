// The start of a LogDirectory: which recovery it needs, every journal brought to its end, the parts
// loaded on their shards, and their new lives.
//
// Nothing is written before all retained frames have been read; a journal is closed only after
// everything that any of them holds is in synced segments, and a new life begins only when all
// journals are closed and all logs are loaded. So a start that dies leaves the next one a directory
// that it knows: open journals are replayed again, and beside an open journal all other files are
// whole.
#include "core/runtime/shard_call.hpp"
#include "core/storage/directory_names.hpp"
#include "core/storage/directory_recovery.hpp"
#include "core/storage/log_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

namespace millrace {
namespace {

// Folders that a Java broker has in a log directory beside its partitions.
constexpr std::array<std::string_view, 2> kKnownFolders{"remote-log-index-cache",
                                                        "__cluster_metadata-0"};

bool is_put_aside(std::string_view name) {
    return name.ends_with(kDeletedEnd) || name.ends_with("-stray") || name.ends_with("-future");
}

bool is_partition_folder(const FolderEntry& entry) {
    const bool known =
        std::find(kKnownFolders.begin(), kKnownFolders.end(), entry.name) != kKnownFolders.end();
    return entry.is_folder && !known && !is_put_aside(entry.name) && entry.name != kUncleanName;
}

Offset at_or_zero(const OffsetCheckpoint& all, const TopicPartition& name) {
    const auto found = all.find(name);
    return found == all.end() ? Offset{0} : found->second;
}

}  // namespace

Task<Result<void>> LogDirectory::recover() {
    const auto scans = co_await scan_journals(OnDamage::kRefuse);
    if (!scans) co_return scans.error();
    const std::vector<OpenJournal> open = open_ones(*scans);
    for (const auto& [index, scan] : *scans) pasts_[index] = scan.past;
    const auto recovery = co_await choose_recovery(!open.empty());
    if (!recovery) co_return recovery.error();
    whole_ = *recovery != Recovery::kKafkas;
    if (*recovery == Recovery::kReplay) {
        const auto replayed = co_await replay(open);
        if (!replayed) co_return replayed;
    }
    for (const auto& [index, scan] : *scans) {
        if (index < parts_.size()) continue;
        const auto removed = co_await remove_journal(index, pasts_[index]);
        if (!removed) co_return removed;
    }
    co_return Result<void>();
}

Task<Result<LogDirectory::Scans>> LogDirectory::scan_journals(OnDamage on_damage) {
    const auto journals = co_await find_journals();
    if (!journals) co_return journals.error();
    Scans scans;
    bool damaged = false;
    for (const std::uint32_t index : *journals) {
        const JournalOptions options = journal_options(path_, config_, index);
        auto scan = co_await scan_journal(world_, logger_, options);
        if (!scan) co_return scan.error();
        damaged = damaged || !scan->damage.empty();
        scans.emplace(index, std::move(*scan));
    }
    if (!damaged || on_damage == OnDamage::kAccept) co_return scans;
    tell_way_out();
    co_return Errc::kDamaged;
}

std::vector<OpenJournal> LogDirectory::open_ones(const Scans& scans) const {
    std::vector<OpenJournal> open;
    for (const auto& [index, scan] : scans) {
        if (scan.is_new || scan.closed) continue;
        open.push_back({journal_options(path_, config_, index), &scan});
    }
    return open;
}

void LogDirectory::tell_way_out() {
    const std::string command = "millrace recover " + path_ + " --accept-loss";
    logger_.error(
        "the directory stays offline: restore it from a backup, or go on without what is lost",
        {{"log_dir", path_}, {"command", command}});
}

Task<Result<std::vector<std::uint32_t>>> LogDirectory::find_journals() {
    const auto entries = co_await list_folder(world_, path_);
    if (!entries) co_return entries.error();
    std::set<std::uint32_t> found;
    for (const FolderEntry& entry : *entries) {
        const auto index = journal_index_of(entry.name);
        if (index && !entry.is_folder) found.insert(*index);
    }
    co_return std::vector<std::uint32_t>(found.begin(), found.end());
}

/// An open journal is replayed, unless somebody else has written here since.
Task<Result<LogDirectory::Recovery>> LogDirectory::choose_recovery(bool any_open) {
    const bool marked = co_await exists(kMarkerName);
    if (!any_open && marked) co_return Recovery::kNone;
    if (!any_open) co_return Recovery::kKafkas;
    const bool guarded = co_await exists(kUncleanName);
    if (guarded && !marked) co_return Recovery::kReplay;
    logger_.error(
        "the journal is open, but the folder that keeps others out is gone: somebody else may "
        "have written here. Put the folder back to replay the journal, or remove the "
        "millrace.journal files to give up what only they hold",
        {{"log_dir", path_}, {"folder", kUncleanName}});
    co_return Errc::kWrongDirectory;
}

/// Everything that the open journals hold goes into synced segments; then they are closed.
Task<Result<void>> LogDirectory::replay(std::vector<OpenJournal> open) {
    world_.metrics().replays.add();
    for (const OpenJournal& each : open) {
        logger_.info("recovering", {{"log_dir", path_},
                                    {"journal", each.options.index},
                                    {"from", each.scan->replay_from},
                                    {"to", each.scan->past.end}});
    }
    const auto replayed = co_await replay_journals(world_, logger_, path_, config_, open);
    if (!replayed && replayed.error() == make_error_code(Errc::kDamaged)) tell_way_out();
    if (!replayed) co_return replayed;
    const auto kept = co_await keep_log_starts(open);
    if (!kept) co_return kept;
    const auto closed = co_await close_journals(open);
    if (!closed) co_return closed;
    logger_.info("recovered", {{"log_dir", path_}});
    co_return Result<void>();
}

/// What only open journals tell goes into the checkpoint file, before they are closed.
Task<Result<void>> LogDirectory::keep_log_starts(const std::vector<OpenJournal>& open) {
    const LogStarts starts = find_log_starts(open);
    if (starts.empty()) co_return Result<void>();
    auto entries = co_await read_checkpoint(kLogStartsName);
    if (!entries) co_return entries.error();
    for (const auto& [bound, start] : starts) {
        const auto name = parse_folder_name(bound.first);
        const auto topic_id = co_await read_topic_id(world_, file(bound.first));
        if (!topic_id) co_return topic_id.error();
        if (!name || *topic_id != bound.second) continue;
        Offset& told = (*entries)[*name];
        told = std::max(told, start.start);
    }
    auto written = co_await write_checkpoint(kLogStartsName, *entries);
    if (!written && is_full(written.error())) {
        co_await remove_ballasts(world_, path_);
        written = co_await write_checkpoint(kLogStartsName, *entries);
    }
    co_return written;
}

Task<Result<void>> LogDirectory::close_journals(std::vector<OpenJournal> open) {
    for (const OpenJournal& each : open) {
        const std::uint32_t index = each.options.index;
        const auto closed = co_await close_journal(world_, logger_, each.options, each.scan->past);
        if (!closed) co_return closed;
        const auto scan = co_await scan_journal(world_, logger_, each.options);
        if (!scan) co_return scan.error();
        pasts_[index] = scan->past;
    }
    co_return Result<void>();
}

/// A journal of a former, larger number of shards. Its newest file, which says that it is closed,
/// goes last.
Task<Result<void>> LogDirectory::remove_journal(std::uint32_t index, const Journal::Past& past) {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, header] : past.files) numbers.push_back(number);
    while (!numbers.empty()) {
        const bool last = numbers.size() == 1;
        if (last) {
            const auto synced = co_await sync_folder(world_, path_);
            if (!synced) co_return synced;
        }
        const std::string name = journal_file_name(index, numbers.front());
        const auto removed = co_await remove_file(world_, file(name));
        if (!removed) co_return removed;
        numbers.erase(numbers.begin());
    }
    pasts_.erase(index);
    const auto light = co_await remove_file(world_, file(ballast_file_name(index)));
    if (!light && light.error() != system_error(ENOENT)) co_return light;
    co_return co_await sync_folder(world_, path_);
}

/// The partitions' folders, and what has to be known to load them.
Task<Result<std::vector<LogToLoad>>> LogDirectory::list_logs() {
    const auto recovery_points = co_await read_checkpoint(kRecoveryPointsName);
    if (!recovery_points) co_return recovery_points.error();
    const auto log_starts = co_await read_checkpoint(kLogStartsName);
    if (!log_starts) co_return log_starts.error();
    told_ = *log_starts;
    const auto cleaned = co_await read_cleaner_checkpoint();
    if (!cleaned) co_return cleaned.error();
    const auto entries = co_await list_folder(world_, path_);
    if (!entries) co_return entries.error();
    std::vector<LogToLoad> logs;
    left_.clear();
    for (const FolderEntry& entry : *entries) {
        if (entry.is_folder && entry.name.ends_with(kDeletedEnd)) left_.push_back(entry.name);
        if (!is_partition_folder(entry)) continue;
        const auto name = parse_folder_name(entry.name);
        if (!name) {
            logger_.error("a folder in the log directory is no partition: move it away",
                          {{"folder", file(entry.name)}});
            co_return Errc::kWrongDirectory;
        }
        PartitionLog::Past past{.clean = whole_,
                                .recovery_point = at_or_zero(*recovery_points, *name),
                                .log_start = at_or_zero(*log_starts, *name)};
        const auto told = told_cleaned_.find(*name);
        if (told != told_cleaned_.end()) past.cleaned_to = told->second;
        logs.push_back({*name, past});
    }
    co_return logs;
}

Task<Result<std::vector<std::vector<LogToLoad>>>> LogDirectory::divide_logs() {
    const auto logs = co_await list_logs();
    if (!logs) co_return logs.error();
    std::vector<std::vector<LogToLoad>> divided(parts_.size());
    for (const LogToLoad& each : *logs) divided[part_of(each.name)].push_back(each);
    co_return divided;
}

Task<Result<void>> LogDirectory::load_parts() {
    const auto divided = co_await divide_logs();
    if (!divided) co_return divided.error();
    const auto visit = [this, &divided](std::size_t i) {
        World& there = world_.peer(parts_[i].shard);
        parts_[i].part = std::make_unique<DirectoryPart>(there, logger_.on(there), path_,
                                                         static_cast<std::uint32_t>(i), config_);
        return parts_[i].part->load((*divided)[i]);
    };
    const auto loaded = co_await visit_all(world_, part_shards(), visit);
    if (loaded) note_logs();
    co_return loaded;
}

void LogDirectory::note_logs() {
    for (const Part& part : parts_) {
        for (const auto& [name, log] : part.part->logs()) {
            logs_.emplace(name, Entry{{part.shard, log.get()}, log->topic_id(), log->last_epoch()});
        }
    }
}

Task<Result<void>> LogDirectory::begin_lives() {
    auto outcome = co_await keep_others_out();
    if (!outcome) co_return outcome;
    const auto visit = [this](std::size_t i) {
        const auto past = pasts_.find(static_cast<std::uint32_t>(i));
        return parts_[i].part->begin_life(past == pasts_.end() ? Journal::Past() : past->second);
    };
    outcome = co_await visit_all(world_, part_shards(), visit);
    pasts_.clear();
    if (!outcome) co_return outcome;
    for (const Part& part : parts_) {
        std::vector<DirectoryPart::Place> others;
        for (const Part& other : parts_) {
            if (other.part != part.part) others.push_back({other.shard, other.part.get()});
        }
        const auto set = [&] {
            part.part->set_others(others, {world_.shard(), [this] { note_failure(); },
                                           [this] { return make_room(); }});
            start_cleaning(part);
            return part.part->failed();
        };
        ShardCall call(world_, part.shard, set);
        if (co_await call.run()) co_return Errc::kStorageFailed;
    }
    co_await share_room();
    if (identity_.broker_id != DirectoryIdentity::kAnyBroker) co_await discard_left();
    co_return Result<void>();
}

/// No marker of a clean stop, and the folder at which a Java broker stops.
Task<Result<void>> LogDirectory::keep_others_out() {
    const auto unmarked = co_await remove_file(world_, file(kMarkerName));
    if (!unmarked && unmarked.error() != system_error(ENOENT)) co_return unmarked;
    const auto guarded = co_await make_folder(world_, file(kUncleanName));
    if (!guarded && guarded.error() != system_error(EEXIST)) co_return guarded;
    co_return co_await sync_folder(world_, path_);
}

}  // namespace millrace
