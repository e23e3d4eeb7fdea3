#include "core/runtime/file.hpp"

#include "core/base/assert.hpp"
#include "core/runtime/slices.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

Result<void> nothing_or_error(const Result<std::uint32_t>& done) {
    if (!done) return done.error();
    return {};
}

/// Performs a request whose only outcome is success or failure.
Task<Result<void>> perform_plain(World& world, IoRequest request) {
    const auto done = co_await perform(world, request);
    co_return nothing_or_error(done);
}

// What the kernel takes in one call (IOV_MAX).
constexpr std::size_t kSlicesPerWrite = 1024;

/// The folder that holds `path`, as the kernel takes it.
std::string folder_of(const std::string& path) {
    const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

File::File(File&& other) noexcept
    : world_(other.world_), handle_(std::exchange(other.handle_, -1)) {}

File& File::operator=(File&& other) noexcept {
    expect_equal(handle_, -1, "an open file is assigned over");
    world_ = other.world_;
    handle_ = std::exchange(other.handle_, -1);
    return *this;
}

File::~File() { expect(handle_ == -1 || world_->ending(), "a file is dropped without close()"); }

Task<Result<File>> File::open_with(World& world, std::string path, std::uint32_t flags) {
    const auto done =
        co_await perform(world, {.kind = IoKind::kOpen, .flags = flags, .path = path.c_str()});
    if (!done) co_return done.error();
    co_return File(world, static_cast<std::int32_t>(*done));
}

Task<Result<File>> File::open(World& world, std::string path, OpenMode mode) {
    return open_with(world, std::move(path), static_cast<std::uint32_t>(mode));
}

Task<Result<File>> File::open_direct(World& world, std::string path, OpenMode mode) {
    return open_with(world, std::move(path), static_cast<std::uint32_t>(mode) | kDirect);
}

Task<Result<std::size_t>> File::read_some_at(std::uint64_t offset, MutableBytes into) {
    std::size_t total = 0;
    while (total < into.size()) {
        const auto done = co_await perform(*world_, {.kind = IoKind::kReadAt,
                                                     .handle = handle_,
                                                     .offset = offset + total,
                                                     .data = into.data() + total,
                                                     .size = into.size() - total});
        if (!done) co_return done.error();
        if (*done == 0) break;
        total += *done;
    }
    co_return total;
}

Task<Result<void>> File::read_at(std::uint64_t offset, MutableBytes into) {
    const auto count = co_await read_some_at(offset, into);
    if (!count) co_return count.error();
    if (*count < into.size()) co_return Errc::kEndOfStream;
    co_return Result<void>();
}

Task<Result<void>> File::write_at(std::uint64_t offset, ByteView bytes) {
    iovec slice{const_cast<std::byte*>(bytes.data()), bytes.size()};
    co_return co_await write_all_at(offset, std::span(&slice, 1));
}

Task<Result<void>> File::write_small_at(std::uint64_t offset, ByteView bytes) {
    while (!bytes.empty()) {
        iovec slice{const_cast<std::byte*>(bytes.data()), bytes.size()};
        const auto done = co_await perform(*world_, {.kind = IoKind::kWriteAt,
                                                     .flags = kMayWait,
                                                     .handle = handle_,
                                                     .offset = offset,
                                                     .data = &slice,
                                                     .size = 1});
        if (!done) co_return done.error();
        if (*done == 0) co_return system_error(EIO);
        offset += *done;
        bytes = bytes.subspan(*done);
    }
    co_return Result<void>();
}

Task<Result<void>> File::write_all_at(std::uint64_t offset, std::span<iovec> slices) {
    while (!slices.empty()) {
        const auto done =
            co_await perform(*world_, {.kind = IoKind::kWriteAt,
                                       .handle = handle_,
                                       .offset = offset,
                                       .data = slices.data(),
                                       .size = std::min(slices.size(), kSlicesPerWrite)});
        if (!done) co_return done.error();
        if (*done == 0) co_return system_error(EIO);
        offset += *done;
        slices = drop_front(slices, *done);
    }
    co_return Result<void>();
}

Task<Result<void>> File::write_whole_at(std::uint64_t offset, ByteView bytes, bool durable,
                                        std::int32_t buffer) {
    const std::uint32_t flags = durable ? kDurableWrite : 0;
    for (;;) {
        iovec slice{const_cast<std::byte*>(bytes.data()), bytes.size()};
        const auto done = co_await perform(*world_, {.kind = IoKind::kWriteAt,
                                                     .flags = flags,
                                                     .handle = handle_,
                                                     .offset = offset,
                                                     .data = &slice,
                                                     .size = 1,
                                                     .buffer = buffer});
        if (!done && done.error() == system_error(EAGAIN)) continue;
        if (!done) co_return done.error();
        if (*done == 0) co_return system_error(EIO);
        if (*done == bytes.size()) co_return Result<void>();
    }
}

Task<Result<void>> File::sync(SyncScope scope) {
    return perform_plain(
        *world_,
        {.kind = IoKind::kSync, .flags = static_cast<std::uint32_t>(scope), .handle = handle_});
}

Task<Result<void>> File::sync_filesystem() {
    return perform_plain(*world_, {.kind = IoKind::kSyncFilesystem, .handle = handle_});
}

Task<Result<void>> File::forget_cached() {
    // Pages that wait to be written wouldn't go.
    const auto synced = co_await sync(SyncScope::kData);
    if (!synced) co_return synced;
    co_return co_await perform_plain(*world_, {.kind = IoKind::kForget, .handle = handle_});
}

Task<Result<void>> File::allocate(std::uint64_t offset, std::uint64_t size) {
    return perform_plain(
        *world_, {.kind = IoKind::kAllocate, .handle = handle_, .offset = offset, .size = size});
}

Task<Result<void>> File::truncate(std::uint64_t size) {
    return perform_plain(*world_, {.kind = IoKind::kTruncate, .handle = handle_, .size = size});
}

Task<Result<FileStatus>> File::status() {
    FileStatus status;
    const auto done = co_await perform(
        *world_, {.kind = IoKind::kFileStatus, .handle = handle_, .data = &status});
    if (!done) co_return done.error();
    co_return status;
}

Task<Result<std::uint64_t>> File::size() {
    const auto found = co_await status();
    if (!found) co_return found.error();
    co_return found->size;
}

Task<Result<void>> File::lock() {
    const auto done = co_await perform(*world_, {.kind = IoKind::kLock, .handle = handle_});
    if (done) co_return Result<void>();
    const int code = done.error().value();
    if (code == EAGAIN || code == EACCES) co_return Errc::kDirectoryInUse;
    co_return done.error();
}

Task<Result<void>> File::close() {
    const std::int32_t handle = std::exchange(handle_, -1);
    const auto done = co_await perform(*world_, {.kind = IoKind::kClose, .handle = handle});
    co_return nothing_or_error(done);
}

Task<Result<void>> make_folder(World& world, std::string path) {
    co_return co_await perform_plain(world, {.kind = IoKind::kMakeFolder, .path = path.c_str()});
}

Task<Result<void>> ensure_folder(World& world, std::string path) {
    const std::string above = folder_of(path);
    auto made = co_await make_folder(world, path);
    if (!made && made.error() == system_error(ENOENT) && above.size() < path.size()) {
        const auto ensured = co_await ensure_folder(world, above);
        if (!ensured) co_return ensured;
        made = co_await make_folder(world, path);
    }
    if (!made && made.error() != system_error(EEXIST)) co_return made;
    // One that is there may have been made by a start that died before this.
    const auto synced = co_await sync_folder(world, above);
    if (!made && !synced && synced.error() == system_error(EACCES)) co_return Result<void>();
    co_return synced;
}

Task<Result<void>> remove_file(World& world, std::string path) {
    co_return co_await perform_plain(world, {.kind = IoKind::kRemove, .path = path.c_str()});
}

Task<Result<void>> remove_folder(World& world, std::string path) {
    co_return co_await perform_plain(world, {.kind = IoKind::kRemoveFolder, .path = path.c_str()});
}

Task<Result<void>> rename_file(World& world, std::string from, std::string to) {
    co_return co_await perform_plain(
        world, {.kind = IoKind::kRename, .path = from.c_str(), .other = to.c_str()});
}

Task<Result<FilesystemSpace>> filesystem_space(World& world, std::string path) {
    FilesystemSpace space;
    const auto done =
        co_await perform(world, {.kind = IoKind::kSpace, .data = &space, .path = path.c_str()});
    if (!done) co_return done.error();
    co_return space;
}

Task<Result<std::vector<FolderEntry>>> list_folder(World& world, std::string path) {
    std::vector<FolderEntry> entries;
    const auto done = co_await perform(
        world, {.kind = IoKind::kListFolder, .data = &entries, .path = path.c_str()});
    if (!done) co_return done.error();
    co_return entries;
}

Task<Result<void>> remove_folder_with_files(World& world, std::string path) {
    const auto entries = co_await list_folder(world, path);
    if (!entries) co_return entries.error();
    for (const FolderEntry& entry : *entries) {
        const auto removed = co_await remove_file(world, path + "/" + entry.name);
        if (!removed) co_return removed;
    }
    co_return co_await remove_folder(world, path);
}

Task<Result<void>> sync_folder(World& world, std::string path) {
    auto folder = co_await File::open(world, std::move(path), OpenMode::kFolder);
    if (!folder) co_return folder.error();
    const auto synced = co_await folder->sync(SyncScope::kAll);
    const auto closed = co_await folder->close();
    if (!synced) co_return synced;
    co_return closed;
}

Task<Result<std::string>> read_small_file(World& world, std::string path, std::size_t limit) {
    auto file = co_await File::open(world, std::move(path), OpenMode::kRead);
    if (!file) co_return file.error();
    std::string content;
    Result<void> outcome;
    const auto size = co_await file->size();
    if (!size) {
        outcome = size.error();
    } else if (*size > limit) {
        outcome = Errc::kTooLarge;
    } else {
        content.resize(*size);
        outcome = co_await file->read_at(
            0, MutableBytes(reinterpret_cast<std::byte*>(content.data()), content.size()));
    }
    const auto closed = co_await file->close();
    if (!outcome) co_return outcome.error();
    if (!closed) co_return closed.error();
    co_return content;
}

Task<Result<void>> replace_file(World& world, std::string path, std::string content) {
    const std::string beside = path + ".tmp";
    auto file = co_await File::open(world, beside, OpenMode::kTruncate);
    if (!file) co_return file.error();
    auto outcome = co_await file->write_small_at(0, as_bytes(content));
    if (outcome) outcome = co_await file->sync(SyncScope::kAll);
    const auto closed = co_await file->close();
    if (outcome) outcome = closed;
    if (!outcome) co_return outcome;
    outcome = co_await rename_file(world, beside, path);
    if (!outcome) co_return outcome;
    const std::string folder = folder_of(path);
    co_return co_await sync_folder(world, folder);
}

}  // namespace millrace
