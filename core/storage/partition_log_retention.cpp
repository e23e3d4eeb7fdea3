// What a PartitionLog keeps: segments whose time is over go, by its topic's settings, and their
// files with them.
//
// The log's start moves first, durably. Then the files get another name, `.deleted`, and after
// file.delete.delay.ms they are removed; who reads them meanwhile goes on. A start removes those
// that a stop has left.
#include "core/storage/ballast.hpp"
#include "core/storage/partition_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace millrace {
namespace {

/// Everything that may lie beside a segment's batches under its name. A snapshot of producers may
/// be the only one there is: it goes when a newer one counts.
constexpr std::array<const char*, 4> kSuffixes{".index", ".timeindex", ".txnindex", ".log"};

/// Of the log in `folder`, with its name. One that a newer one has replaced may be gone.
Task<Result<void>> sync_snapshot(World& world, std::string folder, Offset at) {
    const std::string path = folder + "/" + segment_file_name(at, ".snapshot");
    auto file = co_await File::open(world, path, OpenMode::kReadWrite);
    if (!file && file.error() == system_error(ENOENT)) co_return Result<void>();
    if (!file) co_return file.error();
    auto outcome = co_await file->sync(SyncScope::kAll);
    const auto closed = co_await file->close();
    if (outcome) outcome = closed;
    if (!outcome) co_return outcome;
    co_return co_await sync_folder(world, folder);
}

/// Nothing is broken: what was wanted is done at the next look.
bool can_wait(const Error& error) { return is_full(error) || error == system_error(EAGAIN); }

}  // namespace

/// Where the log begins when everything has gone that may: by its start, by its size, by its age.
/// Nothing above what is durable goes, and an empty segment only if a cleaner has emptied it.
Offset PartitionLog::retention_start(TimestampMs now) const {
    std::uint64_t bytes = 0;
    for (const auto& [base, segment] : segments_) bytes += segment->size();
    auto at = segments_.begin();
    const auto ends_at = [this, &at] {
        const auto next = std::next(at);
        return next == segments_.end() ? log_end_ : next->first;
    };
    const auto is_empty_end = [this](const LogSegment& each) {
        return each.size() == 0 && each.base() == segments_.rbegin()->first;
    };
    const auto drop_while = [&](const auto& may_go) {
        while (at != segments_.end() && !is_empty_end(*at->second) && ends_at() <= durable_end_ &&
               may_go(*at->second)) {
            bytes -= at->second->size();
            ++at;
        }
    };
    // Beginning inside the active one, the log keeps it.
    drop_while([&](const LogSegment&) {
        return std::next(at) != segments_.end() && ends_at() <= beginning_.shown();
    });
    if (topic_.cleanup_by_deletion && topic_.retention_bytes >= 0) {
        const auto most = static_cast<std::uint64_t>(topic_.retention_bytes);
        drop_while([&](const LogSegment& each) { return bytes >= most + each.size(); });
    }
    if (topic_.cleanup_by_deletion && topic_.retention_ms >= 0) {
        drop_while(
            [&](const LogSegment& each) { return now - each.newest_ms() > topic_.retention_ms; });
    }
    return at == segments_.end() ? log_end_ : at->first;
}

Task<Result<void>> PartitionLog::drop_old(TimestampMs now) {
    if (failed_) co_return failure_;
    if (retiring_ || gate_.closed() || !is_configured_) co_return Result<void>();
    const Gate::Pass pass = gate_.enter();
    Offset start = retention_start(now);
    if (start == log_end_ && active().size() > 0) {
        // Nothing stays but the end, in a segment that needs a little room.
        const bool has_room = !shared_.full && has_account_for(0);
        if (has_room) roll_when_empty();
        if (!has_room) start = active().base();
    }
    if (start > first_base()) {
        const LogStart told = start_at(std::max(start, beginning_.wanted()));
        if (told.segment_base > beginning_.durable().segment_base) {
            const auto kept = co_await keep_producers(told.segment_base);
            if (!kept && can_wait(kept.error())) co_return Result<void>();
            if (!kept) co_return kept;
            ask_start_entry(told.start);
            const auto durable = co_await wait_start_durable(told);
            if (!durable) co_return durable;
        }
        const auto advanced = co_await advance_log_start(start);
        if (!advanced) co_return advanced;
        if (fill_base_ < beginning_.durable().segment_base) {
            const auto filled = co_await fill(Fill::kAll);
            if (!filled) co_return filled;
        }
    }
    co_return co_await drop_segments();
}

/// REQUIRES: everything is durable.
void PartitionLog::roll_when_empty() {
    roll(log_end_);
    durable_ = durable_end_at_ = {log_end_, 0};
    framed_ = {durable_, log_end_, durable_};
    note_account();
}

/// Of batches that a checkpoint has covered only the segments below `keep` tell who wrote them, or
/// a snapshot that is on stable storage. EAGAIN: somebody else writes it just now.
Task<Result<void>> PartitionLog::keep_producers(Offset keep) {
    if (beginning_.is_secured(keep)) co_return Result<void>();
    if (!producers_.state().producers().empty()) {
        if (producers_.snapshot_end() < keep) {
            const auto written = co_await write_snapshots(durable_end_);
            if (!written) co_return written;
            if (producers_.snapshot_end() < keep) co_return system_error(EAGAIN);
        }
        // Whoever has written it may not have synced it yet.
        const Offset newest = producers_.snapshot_end();
        const auto synced = co_await sync_snapshot(world_, folder_, newest);
        if (!synced && shared_.failed) shared_.failed(synced.error());
        if (!synced) co_return synced;
    }
    beginning_.secure(keep);
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::drop_segments() {
    std::vector<std::unique_ptr<LogSegment>> dropped;
    Result<void> outcome;
    const Offset keep = std::min(
        {beginning_.durable().segment_base, start_at(beginning_.shown()).segment_base, fill_base_});
    // What is exchanged just now has its turn at the next look.
    while (outcome && !exchanging_ && first_base() < keep) {
        // Nobody begins to read it any more.
        const auto node = segments_.extract(segments_.begin());
        dropped.push_back(std::move(node.mapped()));
        const Offset base = dropped.back()->base();
        outcome = co_await rename_segment_files(base);
        if (!outcome) break;
        names_begin_ = first_base();
        folder_unsynced_ = true;
        world_.metrics().segments_deleted.add();
        logger_.info("a segment's time is over",
                     {{"partition", name_.folder()}, {"base_offset", base.value}});
    }
    if (gate_.closed()) {
        co_await remove_later(std::move(dropped));
    } else if (!dropped.empty()) {
        gate_.spawn(remove_later(std::move(dropped)));
    }
    if (!outcome && shared_.failed) shared_.failed(outcome.error());
    co_return outcome;
}

Task<Result<void>> PartitionLog::rename_segment_files(Offset base) {
    for (const char* const suffix : kSuffixes) {
        const std::string from = folder_ + "/" + segment_file_name(base, suffix);
        const std::string to = from + std::string(kDeletedSuffix);
        const auto renamed = co_await rename_file(world_, from, to);
        if (!renamed && renamed.error() != system_error(ENOENT)) co_return renamed;
    }
    co_return Result<void>();
}

/// A stop doesn't wait for it: the files are the next start's then.
Task<> PartitionLog::remove_later(std::vector<std::unique_ptr<LogSegment>> dropped) {
    const Time due = world_.now() + std::chrono::milliseconds(topic_.file_delete_delay_ms);
    Result<void> waited = Errc::kStopping;
    if (!closing_ && !failed_) waited = co_await removal_waiters_.wait(0, due);
    const bool is_due = !waited && waited.error() == make_error_code(Errc::kTimedOut);
    for (const auto& segment : dropped) {
        // Waits for who reads it.
        const auto closed = co_await segment->close();
        if (!closed || !is_due) continue;
        const auto removed = co_await remove_deleted_files(segment->base());
        if (removed) continue;
        logger_.warn("cannot remove the files of a segment whose time is over",
                     {{"folder", folder_},
                      {"base_offset", segment->base().value},
                      {"reason", removed.error().message()}});
    }
}

Task<Result<void>> PartitionLog::remove_deleted_files(Offset base) {
    for (const char* const suffix : kSuffixes) {
        const std::string file = folder_ + "/" + segment_file_name(base, suffix);
        const auto removed = co_await remove_file(world_, file + std::string(kDeletedSuffix));
        if (!removed && removed.error() != system_error(ENOENT)) co_return removed;
    }
    co_return Result<void>();
}

}  // namespace millrace
