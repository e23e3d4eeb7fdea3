// The checkpoints of a DirectoryPart: fill, sync, say so, and give the journal's space back.
//
// First of all, logs that were idle for a while are filled and trimmed. A checkpoint then begins at
// the end of the frames so far. It covers every log that was appended to
// since it was last found settled: all of them may have files that are longer than their data, so
// all of them are listed with the end that is synced. Order matters at each step; JOURNAL.md tells
// what a recovery makes of every moment.
#include "core/runtime/some_at_once.hpp"
#include "core/storage/directory_part.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr Duration kIdleBeforeTrim = std::chrono::seconds(30);
// Each waits for the disk most of the time; more of them would keep frames waiting behind them.
constexpr std::size_t kFillsAtOnce = 8;

}  // namespace

void DirectoryPart::start_checkpoint() {
    if (checkpoint_wanted_ || failed_ || gate_.closed()) return;
    checkpoint_wanted_ = true;
    gate_.spawn(checkpoint_in_background());
}

Task<> DirectoryPart::checkpoint_in_background() {
    const auto done = co_await checkpoint();
    (void)done;  // fail() has told
}

void DirectoryPart::start_filling() {
    if (filling_wanted_ || failed_ || gate_.closed()) return;
    filling_wanted_ = true;
    gate_.spawn(fill_in_background());
}

/// Without the syncs of a checkpoint, which wait for whatever else the disk has to do, and in its
/// turn, because a log must not be removed meanwhile.
Task<> DirectoryPart::fill_in_background() {
    // What has no frame yet can't be filled, and whoever waits for memory would ask again at once.
    // Not in turn: a frame that waits for room waits for a checkpoint.
    if (journal_->has_appends()) (void)co_await journal_->wait_frame();
    const auto turn = co_await take_turn();
    filling_wanted_ = false;
    if (!turn) co_return;
    const std::vector<Covered> logs = snapshot();
    auto filled = co_await journal_->make_stable(journal_->next_lsn());
    if (filled) filled = co_await fill_all(logs);
    end_turn();
    if (!filled) fail(filled.error());
}

Task<Result<void>> DirectoryPart::take_turn() {
    while (busy_ && !failed_) {
        const auto waited = co_await turn_waiters_.wait(turns_ + 1, kNever);
        if (!waited) co_return waited;
    }
    if (failed_) co_return Errc::kStorageFailed;
    busy_ = true;
    co_return Result<void>();
}

void DirectoryPart::end_turn() {
    busy_ = false;
    turn_waiters_.wake_through(++turns_);
}

Task<Result<void>> DirectoryPart::checkpoint() {
    const auto turn = co_await take_turn();
    checkpoint_wanted_ = false;
    if (!turn) co_return turn;
    const auto done = co_await run_checkpoint();
    end_turn();
    if (!done) fail(done.error());
    co_return done;
}

Task<Result<void>> DirectoryPart::run_checkpoint() {
    for (auto& [name, log] : set_.logs) log->prepare_snapshot();
    const auto settled = co_await settle_idle();
    if (!settled) co_return settled;
    while (journal_->ends_inside_batch()) {
        const auto moved = co_await journal_->wait_frame();
        if (!moved) co_return moved;
    }
    const Lsn begin = journal_->next_lsn();
    const std::vector<Covered> covered = snapshot();
    if (covered.empty() && !journal_->has_older_files()) co_return co_await set_.sync_segments();
    logger_.info("checkpoint begins", {{"log_dir", path_}, {"logs", covered.size()}});
    auto outcome = co_await journal_->make_stable(begin);
    if (outcome) outcome = co_await fill_all(covered);
    for (const Covered& each : covered) {
        if (outcome) outcome = co_await each.log->write_snapshots(each.end.next_offset);
    }
    if (outcome) outcome = co_await set_.sync_segments();
    if (outcome) outcome = co_await write_checkpoint_frames(begin, covered);
    if (!outcome) co_return outcome;
    for (const Covered& each : covered) {
        const bool untouched = each.log->appends() == each.appends;
        each.log->on_checkpoint(each.end, each.settled && untouched);
        const auto removed = co_await each.log->remove_stale_snapshots();
        if (!removed) co_return removed;
    }
    journal_->release_before(begin);
    world_.metrics().checkpoints.add();
    logger_.info("checkpoint ends", {{"log_dir", path_}, {"begin", begin}});
    co_return Result<void>();
}

/// Before the checkpoint begins, so that it finds idle logs trimmed and takes them off the list.
Task<Result<void>> DirectoryPart::settle_idle() {
    std::vector<PartitionLog*> idle;
    for (auto& [name, log] : set_.logs) {
        const bool rests = world_.now() - log->last_append() >= kIdleBeforeTrim;
        if (log->is_active() && (rests || closing_)) idle.push_back(log.get());
    }
    for (PartitionLog* const log : idle) {
        const auto filled = co_await log->fill(PartitionLog::Fill::kSettle);
        if (!filled) co_return filled;
    }
    co_return Result<void>();
}

std::vector<DirectoryPart::Covered> DirectoryPart::snapshot() {
    std::vector<Covered> covered;
    for (auto& [name, log] : set_.logs) {
        if (!log->is_active()) continue;
        covered.push_back({log.get(), log->framed_end(), log->appends(), log->is_settled()});
    }
    return covered;
}

Task<Result<void>> DirectoryPart::fill(const Covered& covered) {
    if (covered.settled) co_return Result<void>();
    co_return co_await covered.log->fill(PartitionLog::Fill::kAll);
}

Task<Result<void>> DirectoryPart::fill_all(const std::vector<Covered>& covered) {
    const auto step = [&](std::size_t place) { return fill(covered[place]); };
    co_return co_await some_at_once(world_, covered.size(), kFillsAtOnce, step);
}

Task<Result<void>> DirectoryPart::write_checkpoint_frames(Lsn begin,
                                                          const std::vector<Covered>& covered) {
    std::vector<const PartitionLog*> starts;
    for (const auto& [name, log] : set_.logs) {
        if (log->has_start_to_tell()) starts.push_back(log.get());
    }
    std::size_t bound = 0;
    std::size_t told = 0;
    std::size_t listed = 0;
    std::uint32_t piece = 0;
    bool done = false;
    co_return co_await journal_->write_control([&](FrameBuilder& frame) {
        for (; bound < covered.size(); ++bound) {
            const PartitionLog& log = *covered[bound].log;
            const std::string folder = log.name().folder();
            if (!frame.add_binding({log.id(), log.topic_id(), folder})) return true;
        }
        for (; told < starts.size(); ++told) {
            const PartitionLog& log = *starts[told];
            const std::string folder = log.name().folder();
            if (!frame.add_binding({log.id(), log.topic_id(), folder})) return true;
            if (!frame.add_log_start({log.id(), log.start_to_tell()})) return true;
        }
        const std::size_t room = frame.checkpoint_room();
        if (room == 0) return true;
        CheckpointEntry entry{begin, piece++, false, {}};
        for (; listed < covered.size() && entry.lines.size() < room; ++listed) {
            entry.lines.push_back({covered[listed].log->id(), covered[listed].end});
        }
        done = entry.last = listed == covered.size();
        frame.add_checkpoint(entry);
        return !done;
    });
}

}  // namespace millrace
