#include "uring/submit.hpp"

#include "core/base/assert.hpp"
#include "uring/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <vector>

namespace millrace {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;

static_assert(sizeof(msghdr) <= sizeof(Operation::scratch));

std::int32_t or_errno(int outcome) { return outcome < 0 ? -errno : outcome; }

int mode_flags(OpenMode mode) {
    switch (mode) {
        case OpenMode::kRead: return O_RDONLY;
        case OpenMode::kReadWrite: return O_RDWR;
        case OpenMode::kCreate: return O_RDWR | O_CREAT;
        case OpenMode::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
        case OpenMode::kTruncate: return O_RDWR | O_CREAT | O_TRUNC;
        case OpenMode::kFolder: return O_RDONLY | O_DIRECTORY;
    }
    return O_RDONLY;
}

int open_flags(std::uint32_t flags) {
    const int direct = (flags & kDirect) != 0 ? O_DIRECT : 0;
    return direct | mode_flags(static_cast<OpenMode>(flags & ~kDirect));
}

std::int32_t listen_as_wished(const IoRequest& request) {
    auto& port = *static_cast<std::uint16_t*>(request.data);
    port = static_cast<std::uint16_t>(request.offset);
    return listen_on(request.path, port);
}

std::int32_t file_size(const IoRequest& request) {
    struct stat status{};
    if (fstat(request.handle, &status) != 0) return -errno;
    *static_cast<std::uint64_t*>(request.data) = static_cast<std::uint64_t>(status.st_size);
    return 0;
}

std::int32_t filesystem_space(const IoRequest& request) {
    struct statvfs status{};
    if (statvfs(request.path, &status) != 0) return -errno;
    const std::uint64_t unit = status.f_frsize;
    *static_cast<FilesystemSpace*>(request.data) = {unit * status.f_blocks, unit * status.f_bavail};
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

std::int32_t lock_whole_file(int handle) {
    // An open-file-description lock: a Java broker's FileChannel.tryLock() conflicts with it, with
    // flock() it does not.
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return or_errno(fcntl(handle, F_OFD_SETLK, &lock));
}

void prepare_send(io_uring_sqe& entry, Operation& operation) {
    const IoRequest& request = operation.request;
    auto* message = ::new (static_cast<void*>(operation.scratch)) msghdr{};
    message->msg_iov = static_cast<iovec*>(request.data);
    message->msg_iovlen = request.size;
    io_uring_prep_sendmsg(&entry, request.handle, message, MSG_NOSIGNAL | MSG_WAITALL);
}

/// The connecting socket's handle stays in the request; the address in the scratch space.
std::optional<std::int32_t> start_connect(Ring& ring, Operation& operation) {
    IoRequest& request = operation.request;
    sockaddr_storage address{};
    socklen_t length = 0;
    request.handle =
        prepare_connect(request.path, static_cast<std::uint16_t>(request.offset), address, length);
    if (request.handle < 0) return request.handle;
    std::memcpy(operation.scratch, &address, length);
    io_uring_sqe& entry = ring.next_entry();
    io_uring_prep_connect(&entry, request.handle, reinterpret_cast<sockaddr*>(operation.scratch),
                          length);
    io_uring_sqe_set_data(&entry, &operation);
    return std::nullopt;
}

/// What is done here and now, without the ring; nothing when the kind has a ring operation.
std::optional<std::int32_t> carry_out_at_once(Operation& operation) {
    const IoRequest& request = operation.request;
    switch (request.kind) {
        case IoKind::kListen: return listen_as_wished(request);
        case IoKind::kFileSize: return file_size(request);
        case IoKind::kSyncFilesystem: return or_errno(syncfs(request.handle));
        case IoKind::kSpace: return filesystem_space(request);
        case IoKind::kLock: return lock_whole_file(request.handle);
        case IoKind::kListFolder: return list_folder_into(request);
        case IoKind::kTruncate:
            return or_errno(ftruncate(request.handle, static_cast<off_t>(request.size)));
        default: return std::nullopt;
    }
}

void prepare_file(io_uring_sqe& entry, const IoRequest& request) {
    switch (request.kind) {
        case IoKind::kOpen:
            io_uring_prep_openat(&entry, AT_FDCWD, request.path,
                                 open_flags(request.flags) | O_CLOEXEC, kFileMode);
            return;
        case IoKind::kReadAt:
            io_uring_prep_read(&entry, request.handle, request.data,
                               static_cast<unsigned>(request.size), request.offset);
            return;
        case IoKind::kWriteAt:
            io_uring_prep_writev(&entry, request.handle, static_cast<const iovec*>(request.data),
                                 static_cast<unsigned>(request.size), request.offset);
            if ((request.flags & kDurableWrite) != 0) entry.rw_flags = RWF_DSYNC;
            return;
        case IoKind::kSync:
            io_uring_prep_fsync(&entry, request.handle,
                                static_cast<SyncScope>(request.flags) == SyncScope::kData
                                    ? IORING_FSYNC_DATASYNC
                                    : 0);
            return;
        case IoKind::kAllocate:
            io_uring_prep_fallocate(&entry, request.handle, 0, static_cast<off_t>(request.offset),
                                    static_cast<off_t>(request.size));
            return;
        case IoKind::kClose: io_uring_prep_close(&entry, request.handle); return;
        default: expect(false, "a request kind without a ring operation");
    }
}

void prepare_name(io_uring_sqe& entry, const IoRequest& request) {
    switch (request.kind) {
        case IoKind::kRename:
            io_uring_prep_renameat(&entry, AT_FDCWD, request.path, AT_FDCWD, request.other, 0);
            return;
        case IoKind::kRemove: io_uring_prep_unlinkat(&entry, AT_FDCWD, request.path, 0); return;
        case IoKind::kRemoveFolder:
            io_uring_prep_unlinkat(&entry, AT_FDCWD, request.path, AT_REMOVEDIR);
            return;
        case IoKind::kMakeFolder:
            io_uring_prep_mkdirat(&entry, AT_FDCWD, request.path, kFolderMode);
            return;
        default: prepare_file(entry, request);
    }
}

void prepare(io_uring_sqe& entry, Operation& operation) {
    const IoRequest& request = operation.request;
    switch (request.kind) {
        case IoKind::kAccept:
            io_uring_prep_accept(&entry, request.handle, nullptr, nullptr, SOCK_CLOEXEC);
            return;
        case IoKind::kReceive:
            io_uring_prep_recv(&entry, request.handle, request.data, request.size, 0);
            return;
        case IoKind::kSend: prepare_send(entry, operation); return;
        case IoKind::kShutdown: io_uring_prep_shutdown(&entry, request.handle, SHUT_RDWR); return;
        default: prepare_name(entry, request);
    }
}

}  // namespace

std::optional<std::int32_t> start(Ring& ring, Operation& operation) {
    if (operation.request.kind == IoKind::kConnect) return start_connect(ring, operation);
    if (const auto result = carry_out_at_once(operation)) return result;
    io_uring_sqe& entry = ring.next_entry();
    prepare(entry, operation);
    io_uring_sqe_set_data(&entry, &operation);
    return std::nullopt;
}

std::int32_t finish(Operation& operation, std::int32_t result) {
    switch (operation.request.kind) {
        case IoKind::kAccept:
            if (result >= 0) set_connection_options(result);
            return result;
        case IoKind::kConnect:
            if (result < 0) {
                close(operation.request.handle);
                return result;
            }
            set_connection_options(operation.request.handle);
            return operation.request.handle;
        default: return result;
    }
}

}  // namespace millrace
