// How the beginning of a PartitionLog moves up when records are deleted.
#include "core/storage/partition_log.hpp"

#include <algorithm>

namespace millrace {

/// What a start has found: durable already.
void PartitionLog::set_log_start(Offset start) {
    beginning_.set(start_at(start));
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
    if (to > beginning_.wanted()) ask_start_entry(to);
    return {};
}

void PartitionLog::ask_start_entry(Offset start) {
    beginning_.want(start);
    // The next checkpoint binds the log and lists it, as if something had been appended.
    active_ = true;
    ++appends_;
    shared_.journal->enqueue(*this);
}

Task<Result<void>> PartitionLog::advance_log_start(Offset to) {
    const auto asked = ask_log_start(to);
    if (!asked) co_return asked;
    const auto durable = co_await wait_start_durable({to, beginning_.durable().segment_base});
    if (!durable) co_return durable;
    if (to <= beginning_.shown()) co_return Result<void>();
    beginning_.show(to);
    cut_epochs();
    epochs_cut_ = epochs_unwritten_;
    if (epochs_cut_) start_filling();
    co_return Result<void>();
}

/// Until an entry that says so much is on stable storage.
Task<Result<void>> PartitionLog::wait_start_durable(LogStart wanted) {
    while (beginning_.durable().start < wanted.start ||
           beginning_.durable().segment_base < wanted.segment_base) {
        const auto moved = co_await beginning_.wait_moved();
        if (!moved) co_return moved;
    }
    co_return co_await shared_.journal->make_stable(durable_lsn_);
}

bool PartitionLog::add_start_to(FrameBuilder& frame) {
    return beginning_.add_to(frame, id_, start_at(beginning_.wanted()).segment_base);
}

/// The epoch in which the log begins begins there; those before it are forgotten.
void PartitionLog::cut_epochs() {
    const auto behind =
        std::find_if(epochs_.begin(), epochs_.end(),
                     [this](const EpochStart& each) { return each.start > beginning_.shown(); });
    if (behind == epochs_.begin()) return;
    const auto last = std::prev(behind);
    if (last == epochs_.begin() && last->start == beginning_.shown()) return;
    last->start = beginning_.shown();
    epochs_.erase(epochs_.begin(), last);
    epochs_unwritten_ = true;
}

}  // namespace millrace
