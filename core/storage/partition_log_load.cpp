// The loading half of PartitionLog: a folder's files into segments, after a clean stop, after a
// crash with a journal, and after a crash without one.
#include "core/storage/partition_log.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace millrace {
namespace {

constexpr std::size_t kSmallFileBytesMax = 1 << 20;
constexpr std::string_view kMetadataName = "partition.metadata";

bool is_segment(const FolderEntry& entry) {
    return !entry.is_folder && entry.name.size() == 24 && entry.name.ends_with(".log") &&
           std::all_of(entry.name.begin(), entry.name.begin() + 20,
                       [](char each) { return each >= '0' && each <= '9'; });
}

/// Left by a crash in the middle of make_files() or remove_half_made(): without partition.metadata
/// there is nothing else, and nobody was promised anything.
bool is_half_made(const std::vector<FolderEntry>& entries) {
    return std::ranges::all_of(entries, [](const FolderEntry& each) {
        return !each.is_folder && each.name == std::string(kMetadataName) + ".tmp";
    });
}

/// partition.metadata goes last: any of the removals may be undone by a power loss, and what is
/// left then must still say whose it is.
Task<Result<void>> remove_half_made(World& world, std::string folder) {
    const auto entries = co_await list_folder(world, folder);
    if (!entries) co_return entries.error();
    for (const FolderEntry& entry : *entries) {
        if (entry.name == kMetadataName) continue;
        const std::string path = folder + "/" + entry.name;
        const auto removed = co_await remove_file(world, path);
        if (!removed) co_return removed;
    }
    const auto synced = co_await sync_folder(world, folder);
    if (!synced) co_return synced;
    co_return co_await remove_folder_with_files(world, folder);
}

}  // namespace

Task<Result<Uuid>> read_topic_id(World& world, std::string folder) {
    const auto text =
        co_await read_small_file(world, folder + "/partition.metadata", kSmallFileBytesMax);
    if (!text && text.error() == system_error(ENOENT)) co_return Uuid();
    if (!text) co_return text.error();
    co_return parse_partition_metadata(*text);
}

Task<Result<std::unique_ptr<PartitionLog>>> PartitionLog::create(LogShared& shared,
                                                                 std::string parent,
                                                                 TopicPartition name, LogId id,
                                                                 Uuid topic_id) {
    std::unique_ptr<PartitionLog> log(new PartitionLog(shared, parent, name, id));
    log->topic_id_ = topic_id;
    World& world = shared.world;
    const auto made = co_await make_folder(world, log->folder_);
    if (!made) co_return made.error();
    auto outcome = co_await log->make_files();
    if (outcome) outcome = co_await sync_folder(world, parent);
    if (outcome) co_return log;
    co_await log->abandon();
    // A folder that stays would be in the way of the next try.
    const auto removed = co_await remove_half_made(world, log->folder_);
    if (!removed) {
        shared.logger.warn("cannot remove a partition's folder that is half made",
                           {{"folder", log->folder_}, {"reason", removed.error().message()}});
    }
    co_return outcome.error();
}

Task<Result<void>> PartitionLog::make_files() {
    const std::string metadata = format_partition_metadata(topic_id_);
    auto outcome = co_await replace_file(world_, folder_ + "/partition.metadata", metadata);
    if (outcome) outcome = co_await write_epochs();
    if (!outcome) co_return outcome;
    roll(Offset{0});
    set_log_start(Offset{0});
    outcome = co_await active().fill(0, false, false);
    if (!outcome) co_return outcome;
    co_return co_await sync_folder(world_, folder_);
}

Task<Result<std::unique_ptr<PartitionLog>>> PartitionLog::open(LogShared& shared,
                                                               std::string parent,
                                                               TopicPartition name, LogId id,
                                                               Past past) {
    std::unique_ptr<PartitionLog> log(new PartitionLog(shared, parent, name, id));
    const auto loaded = co_await log->load(past);
    if (!loaded) {
        co_await log->abandon();
        co_return loaded.error();
    }
    co_return log;
}

Task<Result<void>> PartitionLog::load(Past past) {
    const auto named = co_await load_names();
    if (!named) co_return named;
    auto entries = co_await list_folder(world_, folder_);
    if (!entries) co_return entries.error();
    if (is_half_made(*entries)) co_return Errc::kUnknownTopic;
    auto cleared = co_await remove_leftovers(*entries);
    if (cleared) cleared = co_await finish_exchanges(*entries);
    if (!cleared) co_return cleared;
    entries = co_await list_folder(world_, folder_);
    if (!entries) co_return entries.error();
    std::vector<Offset> bases;
    std::vector<Offset> snapshots;
    for (const FolderEntry& entry : *entries) {
        if (is_segment(entry)) bases.push_back(Offset{std::stoll(entry.name.substr(0, 20))});
        if (const auto offset = snapshot_offset(entry)) snapshots.push_back(*offset);
    }
    const auto loaded = co_await load_segments(std::move(bases), past);
    if (!loaded) co_return loaded;
    co_return co_await finish_load(past, std::move(snapshots));
}

/// Files whose removal a stop or a crash has put off.
Task<Result<void>> PartitionLog::remove_leftovers(const std::vector<FolderEntry>& entries) {
    for (const FolderEntry& entry : entries) {
        if (entry.is_folder || !entry.name.ends_with(kDeletedSuffix)) continue;
        const std::string path = folder_ + "/" + entry.name;
        const auto removed = co_await remove_file(world_, path);
        if (!removed) co_return removed;
    }
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::load_names() {
    const auto id = co_await read_topic_id(world_, folder_);
    if (!id) co_return id.error();
    topic_id_ = *id;
    const auto text =
        co_await read_small_file(world_, folder_ + "/leader-epoch-checkpoint", kSmallFileBytesMax);
    if (!text) co_return Result<void>();
    auto epochs = parse_leader_epochs(*text);
    if (!epochs) co_return epochs.error();
    epochs_ = std::move(*epochs);
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::load_segments(std::vector<Offset> bases, Past past) {
    bool cut = false;
    for (std::size_t i = 0; i < bases.size(); ++i) {
        const bool last = i + 1 == bases.size();
        const Offset end = last ? Offset{std::numeric_limits<std::int64_t>::max()} : bases[i + 1];
        Result<void> loaded;
        const bool has_gap = !segments_.empty() && active().next_offset() != bases[i];
        cut = cut || (past.gapless && has_gap && bases[i] > past.recovery_point);
        if (past.first_segment && bases[i] < *past.first_segment) {
            loaded = co_await remove_segment_files(bases[i]);
        } else if (cut || (past.cut && bases[i] > past.cut->segment_base)) {
            loaded = co_await remove_segment_files(bases[i]);
        } else if (past.cut && bases[i] == past.cut->segment_base) {
            loaded = co_await load_cut_segment(bases[i], past.cut->position);
        } else {
            const bool verify = !past.clean && !past.cut && end > past.recovery_point;
            loaded = co_await load_segment(bases[i], verify, cut);
        }
        if (!loaded) co_return loaded;
    }
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::load_segment(Offset base, bool verify, bool& cut) {
    const auto trust = verify ? LogSegment::Trust::kNothing : LogSegment::Trust::kAll;
    auto segment = co_await LogSegment::open(world_, folder_, base, segment_config(), trust);
    if (!segment && !verify && segment.error() == make_error_code(Errc::kCorruptBatch)) {
        logger_.warn(
            "a segment of a cleanly stopped log does not end where its index says, "
            "verifying it",
            {{"folder", folder_}, {"base_offset", base.value}});
        segment = co_await LogSegment::open(world_, folder_, base, segment_config(),
                                            LogSegment::Trust::kNothing);
    }
    if (!segment) co_return segment.error();
    cut = (*segment)->was_cut();
    if (cut) {
        logger_.warn("cut a log behind its last whole batch",
                     {{"folder", folder_}, {"log_end_offset", (*segment)->next_offset().value}});
    }
    note_loaded(std::move(*segment));
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::load_cut_segment(Offset base, std::uint64_t size) {
    auto segment = co_await LogSegment::open_cut(world_, folder_, base, segment_config(), size);
    if (!segment) {
        logger_.error("a segment does not reach to where the journal says that it was synced",
                      {{"folder", folder_}, {"base_offset", base.value}, {"synced", size}});
        co_return segment.error();
    }
    note_loaded(std::move(*segment));
    co_return Result<void>();
}

void PartitionLog::note_loaded(std::unique_ptr<LogSegment> segment) {
    for (const BatchMeta& meta : segment->epoch_starts()) {
        if (last_epoch() >= meta.epoch) continue;
        epochs_.push_back({meta.epoch, meta.base});
        epochs_unwritten_ = true;
    }
    const Offset base = segment->base();
    segments_.emplace(base, std::move(segment));
}

Task<Result<void>> PartitionLog::remove_segment_files(Offset base) {
    logger_.info("removed a segment behind a log's end, or before its beginning",
                 {{"folder", folder_}, {"base_offset", base.value}});
    folder_unsynced_ = true;
    for (const char* const suffix : {".log", ".index", ".timeindex", ".txnindex"}) {
        const std::string path = folder_ + "/" + segment_file_name(base, suffix);
        const auto removed = co_await remove_file(world_, path);
        if (!removed && removed.error() != system_error(ENOENT)) co_return removed;
    }
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::finish_load(Past past, std::vector<Offset> snapshots) {
    if (past.cut && !segments_.contains(past.cut->segment_base)) {
        // A file that was made after the last checkpoint may be gone; an older one may not.
        if (past.cut->position != 0) co_return Errc::kDamaged;
        roll(past.cut->segment_base);
    }
    replay_begin_ = past.first_segment.value_or(Offset{0});
    // Deleted up to an offset that the log doesn't reach any more: it goes on there, as Kafka's.
    const bool is_short = !segments_.empty() && past.log_start > active().next_offset();
    if (is_short) {
        const auto removed = co_await remove_all_segments();
        if (!removed) co_return removed;
    }
    if (segments_.empty()) {
        roll(std::max(past.log_start, replay_begin_));
        const auto made = co_await active().fill(0, false, false);
        if (!made) co_return made;
        folder_unsynced_ = true;
    }
    // Names that a process which died had not synced are there, until the power goes.
    if (past.cut || !past.clean) folder_unsynced_ = true;
    for (auto at = segments_.begin(); std::next(at) != segments_.end(); ++at) {
        const auto sealed = co_await at->second->seal();
        if (!sealed) co_return sealed;
    }
    const auto looked = co_await active().look_at_first_batch();
    if (!looked) co_return looked;
    log_end_ = active().next_offset();
    if (past.cut && past.cut->next_offset != log_end_) {
        logger_.error("a log does not end at the offset that the journal names",
                      {{"folder", folder_},
                       {"log_end_offset", log_end_.value},
                       {"journal", past.cut->next_offset.value}});
        co_return Errc::kDamaged;
    }
    durable_end_ = written_end_ = flushed_end_ = log_end_;
    durable_ = durable_end_at_ = {active().base(), active().size()};
    framed_ = {durable_, log_end_, durable_};
    flushed_at_ = world_.now();
    fill_base_ = covered_base_ = active().base();
    synced_end_ = log_end_;
    point_told_ = past.recovery_point;
    cleaned_to_ = past.cleaned_to;
    set_log_start(std::max(past.log_start, first_base()));
    cut_epochs();
    while (!epochs_.empty() && epochs_.back().start >= log_end_ && !past.clean) {
        epochs_.pop_back();
        epochs_unwritten_ = true;
    }
    const auto known = co_await load_producers(past, std::move(snapshots));
    if (!known) co_return known;
    if (past.clean && !epochs_unwritten_) co_return Result<void>();
    co_return co_await settle(active());
}

Task<Result<void>> PartitionLog::remove_all_segments() {
    while (!segments_.empty()) {
        const auto closed = co_await active().close();
        if (!closed) co_return closed;
        const Offset base = active().base();
        segments_.erase(base);
        const auto removed = co_await remove_segment_files(base);
        if (!removed) co_return removed;
    }
    co_return Result<void>();
}

Task<> PartitionLog::abandon() {
    for (auto& [base, segment] : segments_) (void)co_await segment->close();
}

}  // namespace millrace
