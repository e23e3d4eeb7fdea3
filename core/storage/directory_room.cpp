// The room of a DirectoryPart: what happens when the disk is full, and when it no longer is. When
// that is, all who share the disk decide together (disk_room.hpp).
#include "core/runtime/shard_call.hpp"
#include "core/storage/directory_part.hpp"

#include <cerrno>

namespace millrace {

Task<> DirectoryPart::make_room() {
    co_await give_up_room();
    // Until everything is loaded the part is alone with what it has.
    if (!at_home_.make_room) co_return;
    ShardCall call(world_, at_home_.shard, [this] { return at_home_.make_room(); });
    co_await call.run();
}

Task<> DirectoryPart::give_up_room() {
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
}

Task<Result<void>> DirectoryPart::take_back_room() {
    if (failed_ || closing_) co_return Result<void>();
    const auto made = co_await ballast_.make();
    if (!made) co_return made;
    // What was refused meanwhile may want it gone again.
    if (!ballast_.stands()) co_return system_error(ENOSPC);
    co_return Result<void>();
}

void DirectoryPart::take_appends() {
    if (failed_ || closing_ || !set_.shared.full) return;
    set_.shared.full = false;
    journal_->set_frugal(false);
    logger_.info("a log directory takes appends again", {{"log_dir", path_}, {"journal", index_}});
}

}  // namespace millrace
