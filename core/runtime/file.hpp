// Files and folders through the world: the domain's only way to a disk.
//
// Plain names do all of it or fail; a name with `some` may do a part. A failed write or sync is
// never repeated here: what the kernel holds is unknown then, and only the caller knows what that
// costs.
#pragma once

#include "core/base/bytes.hpp"
#include "core/runtime/operation.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millrace {

/// An open file or folder on one shard. Whoever opened it closes it; the destructor asserts that.
class File {
public:
    File() = default;
    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;
    ~File();

    /// `path` as the kernel takes it. The error is the kernel's.
    static Task<Result<File>> open(World& world, std::string path, OpenMode mode);
    /// The same past the page cache; EINVAL where the filesystem can't.
    static Task<Result<File>> open_direct(World& world, std::string path, OpenMode mode);

    bool is_open() const { return handle_ >= 0; }
    std::int32_t handle() const { return handle_; }
    /// Gives the handle away, with the duty to close it.
    std::int32_t release() { return std::exchange(handle_, -1); }

    /// Fills `into` from `offset`. Errc::kEndOfStream when the file ends first.
    Task<Result<void>> read_at(std::uint64_t offset, MutableBytes into);
    /// Bytes read, fewer than asked for only at the end of the file.
    Task<Result<std::size_t>> read_some_at(std::uint64_t offset, MutableBytes into);
    Task<Result<void>> write_at(std::uint64_t offset, ByteView bytes);
    /// For small files, written through the page cache beside the path that clients wait on.
    Task<Result<void>> write_small_at(std::uint64_t offset, ByteView bytes);
    /// Writes the slices one behind the other. `slices` is used up.
    Task<Result<void>> write_all_at(std::uint64_t offset, std::span<iovec> slices);
    /// One write of all of `bytes`; a short count repeats the whole of it in place. With `durable`
    /// these bytes, and nothing else, are on stable storage when it succeeds. `buffer`: the index
    /// of the registered memory that they lie in.
    Task<Result<void>> write_whole_at(std::uint64_t offset, ByteView bytes, bool durable,
                                      std::int32_t buffer = kUnregistered);
    Task<Result<void>> sync(SyncScope scope);
    /// IoKind::kSyncFilesystem: no barrier, sync a file afterwards.
    Task<Result<void>> sync_filesystem();
    /// Reads bring in what the disk holds from here on. Bytes whose sync has failed once stay in
    /// the page cache and count as written there (Linux), also for the next process.
    Task<Result<void>> forget_cached();
    Task<Result<void>> allocate(std::uint64_t offset, std::uint64_t size);
    Task<Result<void>> truncate(std::uint64_t size);
    Task<Result<FileStatus>> status();
    Task<Result<std::uint64_t>> size();
    /// Takes the exclusive lock; Errc::kDirectoryInUse when another process has it.
    Task<Result<void>> lock();
    Task<Result<void>> close();

private:
    File(World& world, std::int32_t handle) : world_(&world), handle_(handle) {}

    static Task<Result<File>> open_with(World& world, std::string path, std::uint32_t flags);

    World* world_{};
    std::int32_t handle_{-1};
};

Task<Result<void>> make_folder(World& world, std::string path);
/// Makes the folder and those above it that are missing. Success: its name is on stable storage.
Task<Result<void>> ensure_folder(World& world, std::string path);
Task<Result<void>> remove_file(World& world, std::string path);
Task<Result<void>> remove_folder(World& world, std::string path);
/// With the files in it; one that holds a folder stays.
Task<Result<void>> remove_folder_with_files(World& world, std::string path);
Task<Result<void>> rename_file(World& world, std::string from, std::string to);
Task<Result<FilesystemSpace>> filesystem_space(World& world, std::string path);
Task<Result<std::vector<FolderEntry>>> list_folder(World& world, std::string path);
/// Makes the names in a folder durable: what was created, renamed or removed there.
Task<Result<void>> sync_folder(World& world, std::string path);

/// The whole content of a small file. Errc::kTooLarge over `limit`.
Task<Result<std::string>> read_small_file(World& world, std::string path, std::size_t limit);
/// Replaces `path` by `content` so that a crash leaves the old or the new one: written beside it as
/// `path`.tmp, synced, renamed, the folder synced.
Task<Result<void>> replace_file(World& world, std::string path, std::string content);

}  // namespace millrace
