// The filling half of PartitionLog: tails into segment files, behind the journal.
//
// One fill of a log at a time. A segment's file grows, is written and is cut only for bytes that a
// frame on stable storage holds.
#include "core/storage/ballast.hpp"
#include "core/storage/partition_log.hpp"

#include <algorithm>

namespace millrace {

void PartitionLog::start_filling() {
    if (fill_wanted_ || failed_ || gate_.closed()) return;
    fill_wanted_ = true;
    gate_.spawn(fill_in_background());
}

Task<> PartitionLog::fill_in_background() {
    // What comes while this fill runs asks for the next one.
    const auto filled = co_await fill(Fill::kBlocks);
    (void)filled;
}

Task<Result<void>> PartitionLog::fill(Fill goal) {
    while (filling_ && !failed_) {
        const auto waited = co_await fill_waiters_.wait(fills_ + 1, kNever);
        if (!waited) co_return waited;
    }
    fill_wanted_ = false;
    if (failed_) co_return failure_;
    filling_ = true;
    auto filled = co_await fill_locked(goal);
    if (!filled && is_full(filled.error()) && shared_.make_room) {
        co_await shared_.make_room();
        filled = co_await fill_locked(goal);
    }
    filling_ = false;
    note_account();
    fill_waiters_.wake_through(++fills_);
    shared_.room.wake_through(++shared_.fills);
    if (!filled && !failed_ && shared_.failed) shared_.failed(filled.error());
    co_return filled;
}

Task<Result<void>> PartitionLog::fill_locked(Fill goal) {
    const auto filled = co_await fill_segments(goal);
    // No checkpoint may come by for long, and the log's start is told already.
    if (!filled || !std::exchange(epochs_cut_, false)) co_return filled;
    co_return co_await write_epochs();
}

Task<Result<void>> PartitionLog::fill_segments(Fill goal) {
    const Cursor target = durable_;
    if (shared_.journal != nullptr) {
        const auto stable = co_await shared_.journal->make_stable(durable_lsn_);
        if (!stable) co_return stable;
    }
    while (!failed_) {
        LogSegment& segment = *segments_.at(fill_base_);
        const auto filled = co_await fill_segment(segment, target, goal);
        if (!filled || fill_base_ == target.base) co_return filled;
        const auto sealed = co_await segment.seal();
        if (!sealed) co_return sealed;
        fill_base_ = segments_.upper_bound(fill_base_)->first;
        world_.metrics().rolls.add();
        logger_.info("rolled a segment",
                     {{"partition", name_.folder()}, {"base_offset", fill_base_.value}});
    }
    co_return failure_;
}

Task<Result<void>> PartitionLog::fill_segment(LogSegment& segment, Cursor target, Fill goal) {
    const bool last = segment.base() == target.base;
    const std::uint64_t to = last ? target.position : segment.size();
    const std::uint64_t before = segment.filled();
    const bool makes_files = !segment.has_files();
    const auto filled = co_await segment.fill(to, last && goal == Fill::kBlocks, !shared_.full);
    // Not before: a sync that runs beside the making of a file doesn't cover its name.
    if (makes_files) folder_unsynced_ = true;
    const std::size_t count = segment.filled() - before;
    unfilled_ -= count;
    shared_.unfilled -= count;
    if (count > 0) world_.metrics().fills.add();
    world_.metrics().bytes_filled.add(count);
    if (!filled || !last || goal != Fill::kSettle) co_return filled;
    co_return co_await settle(segment);
}

Task<Result<void>> PartitionLog::settle(LogSegment& segment) {
    if (segment.filled() == segment.size()) {
        const auto trimmed = co_await segment.trim();
        if (!trimmed) co_return trimmed;
    }
    const auto indexed = co_await segment.write_indexes(true);
    if (!indexed || !epochs_unwritten_) co_return indexed;
    co_return co_await write_epochs();
}

Task<Result<void>> PartitionLog::write_epochs() {
    epochs_unwritten_ = false;
    const std::string text = format_leader_epochs(epochs_);
    const auto written = co_await replace_file(world_, folder_ + "/leader-epoch-checkpoint", text);
    if (!written) epochs_unwritten_ = true;
    co_return written;
}

std::vector<UnsyncedSegment> PartitionLog::unsynced_segments() {
    std::vector<UnsyncedSegment> found;
    for (auto& [base, segment] : segments_) {
        if (segment->is_unsynced()) found.push_back({segment.get(), segment->enter()});
    }
    return found;
}

}  // namespace millrace
