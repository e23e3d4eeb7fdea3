#include "core/storage/ballast.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace millrace {
namespace {

constexpr std::string_view kPrefix = "millrace.ballast.";

}  // namespace

bool is_full(const Error& error) {
    return error == system_error(ENOSPC) || error == system_error(EDQUOT);
}

std::string ballast_file_name(std::uint32_t index) { return fmt::format("{}{}", kPrefix, index); }

Task<> remove_ballasts(World& world, std::string folder) {
    const auto entries = co_await list_folder(world, folder);
    if (!entries) co_return;
    for (const FolderEntry& entry : *entries) {
        if (entry.is_folder || !entry.name.starts_with(kPrefix)) continue;
        (void)co_await remove_file(world, folder + "/" + entry.name);
    }
    (void)co_await sync_folder(world, folder);
}

Task<> Ballast::take_turn() {
    while (busy_) (void)co_await turns_.wait(turns_taken_ + 1, kNever);
    busy_ = true;
}

void Ballast::end_turn() {
    busy_ = false;
    turns_.wake_through(++turns_taken_);
}

Task<Result<void>> Ballast::make() {
    co_await take_turn();
    Result<void> made;
    if (!stands_) made = co_await make_file();
    stands_ = made.has_value();
    end_turn();
    co_return made;
}

Task<Result<void>> Ballast::give_up() {
    ++wanted_away_;
    co_await take_turn();
    stands_ = false;
    auto removed = co_await remove_file(world_, path_);
    if (!removed && removed.error() == system_error(ENOENT)) removed = Result<void>();
    // Some filesystems give freed blocks out again only when the removal is stable.
    if (removed) removed = co_await sync_folder(world_, folder_);
    end_turn();
    --wanted_away_;
    co_return removed;
}

/// Of the file that a former life has left; 0 when there is none.
Task<Result<std::uint64_t>> Ballast::former_size() {
    auto file = co_await File::open(world_, path_, OpenMode::kReadWrite);
    if (!file && file.error() == system_error(ENOENT)) co_return 0u;
    if (!file) co_return file.error();
    const auto size = co_await file->size();
    const auto closed = co_await file->close();
    if (!closed) co_return closed.error();
    co_return size;
}

Task<Result<void>> Ballast::make_file() {
    const auto former = co_await former_size();
    if (!former) co_return former.error();
    if (*former == bytes_) co_return Result<void>();
    const auto space = co_await filesystem_space(world_, folder_);
    if (!space) co_return space.error();
    if (space->available + *former < bytes_ + bytes_ / 8) co_return system_error(ENOSPC);
    auto made = co_await allocate();
    if (made) made = co_await sync_folder(world_, folder_);
    if (made) co_return made;
    // A part of it would be in the way of those who want the rest.
    (void)co_await remove_file(world_, path_);
    co_return made;
}

Task<Result<void>> Ballast::allocate() {
    auto file = co_await File::open(world_, path_, OpenMode::kTruncate);
    if (!file) co_return file.error();
    auto made = co_await file->allocate(0, bytes_);
    if (made) made = co_await file->sync(SyncScope::kAll);
    const auto closed = co_await file->close();
    co_return made ? closed : made;
}

}  // namespace millrace
