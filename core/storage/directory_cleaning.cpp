// The cleaner of a DirectoryPart: of its compacted logs the dirtiest is cleaned, then the next, and
// when none is dirty enough it rests for log.cleaner.backoff.ms.
//
// Only what no frame of the journal names is cleaned. Where that is less than the topics' settings
// allow, a checkpoint comes first. And the recovery point that the directory's file has is behind
// what is cleaned: a log is gapless above it to who mends a damaged directory.
#include "core/runtime/shard_call.hpp"
#include "core/storage/directory_names.hpp"
#include "core/storage/log_directory.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr Duration kBackoffMin = std::chrono::milliseconds(1);

/// The log moved, or stops: nothing to tell anybody.
bool is_no_failure(const Error& error) {
    return error == make_error_code(Errc::kStopping) ||
           error == make_error_code(Errc::kCancelled) ||
           error == make_error_code(Errc::kUnknownTopic);
}

}  // namespace

void DirectoryPart::start_cleaning(CleanerFiles files) {
    cleaner_files_ = std::move(files);
    if (cleaning_.config.enabled && !gate_.closed()) gate_.spawn(clean_steadily());
}

Task<> DirectoryPart::clean_steadily() {
    while (!failed_ && !closing_) {
        const bool cleaned = co_await clean_dirtiest();
        if (cleaned) continue;
        const Duration rest = std::max<Duration>(cleaning_.config.backoff, kBackoffMin);
        const auto waited = co_await background_waiters_.wait(0, world_.now() + rest);
        if (waited || waited.error() != make_error_code(Errc::kTimedOut)) co_return;
    }
}

/// False when there was nothing to do, or it didn't work.
Task<bool> DirectoryPart::clean_dirtiest() {
    if (set_.shared.full || failed_ || closing_) co_return false;
    auto found = co_await find_dirtiest(CleaningBound::kCovered);
    if (found && !*found) {
        const auto wanted = co_await find_dirtiest(CleaningBound::kSettings);
        if (!wanted || !*wanted || closing_) co_return false;
        const auto covered = co_await checkpoint();
        if (!covered) co_return false;
        found = co_await find_dirtiest(CleaningBound::kCovered);
    }
    if (!found || !*found) co_return false;
    const TopicPartition name = **found;
    PartitionLog* const log = set_.find(name);
    if (log == nullptr || !log->is_open() || closing_) co_return false;
    const LogId id = log->id();
    const auto cleaned = co_await clean(*log);
    if (!cleaned) note_cleaning_failed(name, id, cleaned.error());
    co_return cleaned.has_value();
}

Task<Result<std::optional<TopicPartition>>> DirectoryPart::find_dirtiest(CleaningBound bound) {
    const TimestampMs now = world_.wall_clock_ms();
    std::optional<TopicPartition> dirtiest;
    double most = -1;
    // Logs come and go between two of them.
    for (auto at = set_.logs.begin(); at != set_.logs.end();) {
        if (failed_ || closing_) co_return Errc::kStopping;
        const TopicPartition name = at->first;
        PartitionLog& log = *at->second;
        if (log.is_compacted() && log.is_open() && !uncleanable_.contains(log.id())) {
            const Gate::Pass pass = log.enter();
            const auto looked = co_await log.look_at_ages();
            if (!looked) note_cleaning_failed(name, log.id(), looked.error());
            const CleaningRange range = log.cleaning_range(now, bound);
            const bool is_worth_it = range.is_worth_it(log.config().min_cleanable_dirty_ratio);
            if (looked && is_worth_it && range.ratio() > most) {
                most = range.ratio();
                dirtiest = name;
            }
        }
        at = set_.logs.upper_bound(name);
    }
    co_return dirtiest;
}

Task<Result<void>> DirectoryPart::clean(PartitionLog& log) {
    const Gate::Pass pass = log.enter();
    const CleaningRange range = log.cleaning_range(world_.wall_clock_ms(), CleaningBound::kCovered);
    if (range.dirty_bytes == 0) co_return Errc::kCancelled;
    if (log.point_told() < range.end) {
        const auto told = co_await tell_home(cleaner_files_.write_points);
        if (!told) co_return told;
    }
    if (log.point_told() < range.end || !log.is_open()) co_return Errc::kCancelled;
    const std::uint64_t before = log.size();
    LogCleaning cleaning(cleaning_, log, range);
    const auto done = co_await cleaning.run();
    if (!done) co_return done;
    if (cleaning.is_blocked()) {
        give_up_cleaning(log, "it holds records of transactions");
        co_return Errc::kCancelled;
    }
    logger_.info("cleaned a log", {{"partition", log.name().folder()},
                                   {"from", range.first_dirty.value},
                                   {"to", log.cleaned_to()->value},
                                   {"bytes_before", before},
                                   {"bytes_after", log.size()}});
    co_return co_await tell_home(cleaner_files_.write_cleaned);
}

Task<Result<void>> DirectoryPart::tell_home(const std::function<Task<Result<void>>()>& write) {
    ShardCall call(world_, at_home_.shard, [&write] { return write(); });
    co_return co_await call.run();
}

void DirectoryPart::give_up_cleaning(const PartitionLog& log, std::string_view reason) {
    if (!uncleanable_.insert(log.id()).second) return;
    world_.metrics().logs_uncleanable.add(1);
    logger_.warn("a compacted log is not cleaned until the next start",
                 {{"partition", log.name().folder()}, {"reason", reason}});
}

void DirectoryPart::note_cleaning_failed(const TopicPartition& name, LogId id, const Error& error) {
    if (failed_ || closing_ || is_no_failure(error)) return;
    if (is_of_broken_disk(error)) return fail(error);
    if (is_full(error)) {
        logger_.warn("no room to clean a compacted log",
                     {{"log_dir", path_}, {"partition", name.folder()}});
        return;
    }
    const PartitionLog* const log = set_.find(name);
    if (log == nullptr || log->id() != id) return;
    give_up_cleaning(*log, error.message());
}

std::vector<std::pair<TopicPartition, Offset>> DirectoryPart::cleaned_logs() const {
    std::vector<std::pair<TopicPartition, Offset>> logs;
    for (const auto& [name, log] : set_.logs) {
        if (log->cleaned_to()) logs.emplace_back(name, *log->cleaned_to());
    }
    return logs;
}

Task<Result<void>> LogDirectory::write_cleaner_checkpoint() {
    Semaphore::Share turn(checkpoint_turn_);
    const auto taken = co_await turn.take(1);
    if (!taken) co_return taken;
    OffsetCheckpoint cleaned;
    for (const Part& each : parts_) {
        const auto visit = [&each] { return each.part->cleaned_logs(); };
        ShardCall call(world_, each.shard, visit);
        for (auto& [name, offset] : co_await call.run()) cleaned[name] = offset;
    }
    told_cleaned_.insert(cleaned.begin(), cleaned.end());
    const auto written = co_await write_checkpoint(kCleanedName, cleaned);
    if (written) told_cleaned_ = std::move(cleaned);
    co_return written;
}

/// A file that can't be read costs a cleaning that begins at the front, and no more.
Task<Result<void>> LogDirectory::read_cleaner_checkpoint() {
    auto read = co_await read_checkpoint(kCleanedName);
    if (!read && read.error() != make_error_code(Errc::kMalformed)) co_return read.error();
    told_cleaned_ = read ? std::move(*read) : OffsetCheckpoint();
    co_return Result<void>();
}

void LogDirectory::start_cleaning(const Part& part) {
    DirectoryPart::CleanerFiles files;
    files.write_points = [this] { return write_offset_checkpoints(); };
    files.write_cleaned = [this] { return write_cleaner_checkpoint(); };
    part.part->start_cleaning(std::move(files));
}

Task<> LogDirectory::set_cleaner(CleanerConfig config) {
    const CleanerConfig share = config.share(parts_.size());
    for (const Part& each : parts_) {
        if (!each.part) continue;
        const auto visit = [&each, &share] { each.part->set_cleaner(share); };
        ShardCall call(world_, each.shard, visit);
        co_await call.run();
    }
}

}  // namespace millrace
