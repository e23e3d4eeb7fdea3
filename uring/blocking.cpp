#include "uring/blocking.hpp"

#include "core/base/assert.hpp"
#include "uring/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace millrace {
namespace {

std::int32_t or_errno(int outcome) { return outcome < 0 ? -errno : outcome; }

std::int32_t listen_as_wished(const IoRequest& request) {
    auto& port = *static_cast<std::uint16_t*>(request.data);
    port = static_cast<std::uint16_t>(request.offset);
    return listen_on(request.path, port, static_cast<ListenMode>(request.flags));
}

std::int32_t begin_connect(Operation& operation) {
    sockaddr_storage address{};
    socklen_t length = 0;
    const auto port = static_cast<std::uint16_t>(operation.request.offset);
    const std::int32_t handle = prepare_connect(operation.request.path, port, address, length);
    if (handle < 0) return handle;
    static_assert(sizeof(sockaddr_in6) <= sizeof(Operation::scratch));
    std::memcpy(operation.scratch, &address, length);
    operation.request.size = length;
    return handle;
}

std::int32_t file_status(const IoRequest& request) {
    struct stat status{};
    if (fstat(request.handle, &status) != 0) return -errno;
    const std::int64_t modified_ms =
        std::int64_t{status.st_mtim.tv_sec} * 1'000 + status.st_mtim.tv_nsec / 1'000'000;
    *static_cast<FileStatus*>(request.data) = {static_cast<std::uint64_t>(status.st_size),
                                               modified_ms};
    return 0;
}

std::int32_t filesystem_space(const IoRequest& request) {
    struct statvfs space{};
    struct stat path{};
    if (statvfs(request.path, &space) != 0 || stat(request.path, &path) != 0) return -errno;
    const std::uint64_t unit = space.f_frsize;
    *static_cast<FilesystemSpace*>(request.data) = {unit * space.f_blocks, unit * space.f_bavail,
                                                    path.st_dev};
    return 0;
}

std::int32_t list_folder_into(const IoRequest& request) {
    DIR* const folder = opendir(request.path);
    if (folder == nullptr) return -errno;
    auto& entries = *static_cast<std::vector<FolderEntry>*>(request.data);
    entries.clear();
    while (const dirent* entry = readdir(folder)) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat status{};
        const bool known = fstatat(dirfd(folder), entry->d_name, &status, 0) == 0;
        entries.push_back({std::string(name), known && S_ISDIR(status.st_mode)});
    }
    closedir(folder);
    std::sort(entries.begin(), entries.end());
    return 0;
}

std::int32_t write_small(const IoRequest& request) {
    const ssize_t written =
        pwritev(request.handle, static_cast<const iovec*>(request.data),
                static_cast<int>(request.size), static_cast<off_t>(request.offset));
    return or_errno(static_cast<int>(written));
}

std::int32_t lock_whole_file(int handle) {
    // An open-file-description lock: a Java broker's FileChannel.tryLock() conflicts with it, with
    // flock() it does not.
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return or_errno(fcntl(handle, F_OFD_SETLK, &lock));
}

}  // namespace

bool may_block(const IoRequest& request) {
    switch (request.kind) {
        case IoKind::kListen:
        case IoKind::kConnect: return !is_numeric(request.path);
        case IoKind::kWriteAt: return (request.flags & kMayWait) != 0;
        case IoKind::kSyncFilesystem:
        case IoKind::kTruncate:
        case IoKind::kSpace:
        case IoKind::kListFolder: return true;
        default: return false;
    }
}

std::int32_t carry_out_blocking(Operation& operation) {
    const IoRequest& request = operation.request;
    switch (request.kind) {
        case IoKind::kListen: return listen_as_wished(request);
        case IoKind::kConnect: return begin_connect(operation);
        case IoKind::kWriteAt: return write_small(request);
        case IoKind::kSyncFilesystem: return or_errno(syncfs(request.handle));
        case IoKind::kTruncate:
            return or_errno(ftruncate(request.handle, static_cast<off_t>(request.size)));
        case IoKind::kSpace: return filesystem_space(request);
        case IoKind::kListFolder: return list_folder_into(request);
        default: expect(false, "a request that never blocks is given to the helper"); return 0;
    }
}

std::optional<std::int32_t> carry_out_at_once(const IoRequest& request) {
    switch (request.kind) {
        case IoKind::kListen: return listen_as_wished(request);
        case IoKind::kLocalAddress:
            return local_address(request.handle, *static_cast<std::string*>(request.data));
        case IoKind::kPeerAddress:
            return peer_address(request.handle, *static_cast<std::string*>(request.data));
        case IoKind::kFileStatus: return file_status(request);
        case IoKind::kLock: return lock_whole_file(request.handle);
        default: return std::nullopt;
    }
}

}  // namespace millrace
