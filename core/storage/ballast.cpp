#include "core/storage/ballast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

constexpr std::string_view kPrefix = "millrace.ballast.";
constexpr std::size_t kZeroBytes = 1 << 20;

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
    const auto shrunk = co_await shrink();
    end_turn();
    --wanted_away_;
    co_return shrunk;
}

Task<Result<void>> Ballast::shrink() {
    auto file = co_await File::open(world_, path_, OpenMode::kReadWrite);
    if (!file && file.error() == system_error(ENOENT)) co_return Result<void>();
    if (!file) co_return file.error();
    Result<void> shrunk;
    const auto size = co_await file->size();
    if (!size) shrunk = size.error();
    if (size && *size > kPebbleBytes) {
        shrunk = co_await file->truncate(kPebbleBytes);
        // Some filesystems give freed blocks out again only when that is stable.
        if (shrunk) shrunk = co_await file->sync(SyncScope::kAll);
    }
    const auto closed = co_await file->close();
    co_return shrunk ? closed : shrunk;
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
    if (space->available + *former >= bytes_wanted()) co_return co_await allocate(bytes_);
    const bool pebble = *former == 0 && space->available >= 2 * kPebbleBytes;
    if (pebble) (void)co_await allocate(kPebbleBytes);
    co_return system_error(ENOSPC);
}

/// Zeros, where the filesystem gives room to what is written only.
Task<Result<void>> Ballast::take_room(File& file, std::uint64_t bytes) {
    const auto allocated = co_await file.allocate(0, bytes);
    if (allocated || allocated.error() != system_error(EOPNOTSUPP)) co_return allocated;
    const Bytes zeros(kZeroBytes);
    for (std::uint64_t at = 0; at < bytes;) {
        const auto size = std::min<std::uint64_t>(zeros.size(), bytes - at);
        const auto written = co_await file.write_small_at(at, ByteView(zeros).first(size));
        if (!written) co_return written;
        at += size;
    }
    co_return Result<void>();
}

Task<Result<void>> Ballast::allocate(std::uint64_t bytes) {
    auto file = co_await File::open(world_, path_, OpenMode::kTruncate);
    if (!file) co_return file.error();
    auto made = co_await take_room(*file, bytes);
    if (made) made = co_await file->sync(SyncScope::kAll);
    const auto closed = co_await file->close();
    if (made) made = closed;
    if (made) made = co_await sync_folder(world_, folder_);
    // A part of it would be in the way of those who want the rest.
    if (!made) (void)co_await remove_file(world_, path_);
    co_return made;
}

}  // namespace millrace
