// The room of a DirectoryPart: what happens when the disk is full, and when it no longer is.
//
// Each part is full by itself: it has a ballast and an account of its own, and the others find out
// by the next thing of theirs that is refused.
#include "core/storage/directory_part.hpp"

namespace millrace {
namespace {

constexpr Duration kBetweenTries = std::chrono::seconds(1);

}  // namespace

Task<> DirectoryPart::make_room() {
    // While the part is loaded nothing is admitted yet: begin_life() finds out how things stand.
    if (journal_) become_full();
    const auto given_up = co_await ballast_.give_up();
    if (given_up) co_return;
    logger_.warn("cannot give up the ballast of a journal",
                 {{"log_dir", path_}, {"reason", given_up.error().message()}});
}

/// No more is admitted; everything that was goes into segments, out of the ballast.
void DirectoryPart::become_full() {
    if (set_.shared.full || failed_) return;
    set_.shared.full = true;
    journal_->set_frugal(true);
    world_.metrics().full_disks.add();
    logger_.error(
        "a log directory is full: it takes no appends until there is room; free space on its disk",
        {{"log_dir", path_}, {"journal", index_}, {"bytes_wanted", ballast_.bytes_wanted()}});
    set_.shared.room.wake_through(++set_.shared.fills);
    start_checkpoint();
    if (!gate_.closed()) gate_.spawn(wait_for_space());
}

Task<> DirectoryPart::wait_for_space() {
    while (set_.shared.full && !failed_ && !closing_) {
        const auto waited = co_await space_waiters_.wait(0, world_.now() + kBetweenTries);
        if (waited || waited.error() != make_error_code(Errc::kTimedOut)) co_return;
        const auto made = co_await ballast_.make();
        // What was refused meanwhile may want the ballast gone again.
        if (!made || !ballast_.stands()) continue;
        set_.shared.full = false;
        journal_->set_frugal(false);
        logger_.info("a log directory takes appends again",
                     {{"log_dir", path_}, {"journal", index_}});
    }
}

}  // namespace millrace
