// The beginning of a PartitionLog: it moves up when records are deleted, and never back.
//
// An entry of the journal makes the move durable before anybody hears of it and before any file
// goes. It names the segment in which the log begins too: files before that one may be gone, and a
// replay wants nothing from them.
#include "core/storage/partition_log.hpp"

#include <algorithm>

namespace millrace {

/// What a start has found: durable already.
void PartitionLog::set_log_start(Offset start) {
    log_start_ = start_wanted_ = start;
    start_framed_ = start_durable_ = start_at(start);
    secured_base_ = start_durable_.segment_base;
    names_begin_ = names_synced_ = first_base();
}

LogStart PartitionLog::start_at(Offset start) const {
    return {start, std::prev(segments_.upper_bound(start))->first};
}

Result<void> PartitionLog::ask_log_start(Offset to) {
    if (failed_) return failure_;
    if (retiring_) return Errc::kUnknownTopic;
    if (gate_.closed()) return Errc::kStopping;
    if (to > durable_end_) return Errc::kOffsetOutOfRange;
    if (to > start_wanted_) {
        start_wanted_ = to;
        ask_start_entry();
    }
    return {};
}

void PartitionLog::ask_start_entry() {
    start_asked_ = true;
    // The next checkpoint binds the log and lists it, as if something had been appended.
    active_ = true;
    ++appends_;
    shared_.journal->enqueue(*this);
}

Task<Result<void>> PartitionLog::advance_log_start(Offset to) {
    const auto asked = ask_log_start(to);
    if (!asked) co_return asked;
    const auto durable = co_await wait_start_durable({to, start_durable_.segment_base});
    if (!durable) co_return durable;
    if (to <= log_start_) co_return Result<void>();
    log_start_ = to;
    cut_epochs();
    epochs_cut_ = epochs_unwritten_;
    if (epochs_cut_) start_filling();
    co_return Result<void>();
}

/// Until an entry that says so much is on stable storage.
Task<Result<void>> PartitionLog::wait_start_durable(LogStart wanted) {
    while (start_durable_.start < wanted.start ||
           start_durable_.segment_base < wanted.segment_base) {
        const auto journaled = co_await start_waiters_.wait(starts_journaled_ + 1, kNever);
        if (!journaled) co_return journaled;
    }
    co_return co_await shared_.journal->make_stable(durable_lsn_);
}

/// False when the entry doesn't fit into what is left of the frame.
bool PartitionLog::add_start_to(FrameBuilder& frame) {
    if (!start_asked_) return true;
    LogStart start = start_at(start_wanted_);
    // A replay removes the segments before it, and they may be all that tells who wrote them.
    start.segment_base = std::min(start.segment_base, secured_base_);
    if (!frame.add_log_start({id_, start})) return false;
    start_framed_ = start;
    start_asked_ = false;
    return true;
}

void PartitionLog::note_start_journaled() {
    if (start_durable_ == start_framed_) return;
    start_durable_ = start_framed_;
    start_waiters_.wake_through(++starts_journaled_);
}

/// The epoch in which the log begins begins there; those before it are forgotten.
void PartitionLog::cut_epochs() {
    const auto behind =
        std::find_if(epochs_.begin(), epochs_.end(),
                     [this](const EpochStart& each) { return each.start > log_start_; });
    if (behind == epochs_.begin()) return;
    const auto last = std::prev(behind);
    if (last == epochs_.begin() && last->start == log_start_) return;
    last->start = log_start_;
    epochs_.erase(epochs_.begin(), last);
    epochs_unwritten_ = true;
}

}  // namespace millrace
