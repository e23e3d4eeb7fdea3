#include "uring/submit.hpp"

#include "core/base/assert.hpp"
#include "uring/blocking.hpp"
#include "uring/provided_buffers.hpp"
#include "uring/send_file.hpp"
#include "uring/sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;

static_assert(sizeof(msghdr) <= sizeof(Operation::scratch));

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

void prepare_receive(io_uring_sqe& entry, const IoRequest& request) {
    if (request.flags != kIntoProvided) {
        io_uring_prep_recv(&entry, request.handle, request.data, request.size, 0);
        return;
    }
    io_uring_prep_recv(&entry, request.handle, nullptr, ProvidedBuffers::kPieceBytes, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = ProvidedBuffers::kGroup;
}

void prepare_send(io_uring_sqe& entry, Operation& operation) {
    const IoRequest& request = operation.request;
    auto* message = ::new (static_cast<void*>(operation.scratch)) msghdr{};
    message->msg_iov = static_cast<iovec*>(request.data);
    message->msg_iovlen = request.size;
    const unsigned more = (request.flags & kMore) != 0 ? static_cast<unsigned>(MSG_MORE) : 0U;
    io_uring_prep_sendmsg(&entry, request.handle, message, MSG_NOSIGNAL | more);
}

void prepare_write(io_uring_sqe& entry, const IoRequest& request) {
    const auto* slices = static_cast<const iovec*>(request.data);
    if (request.buffer == kUnregistered) {
        io_uring_prep_writev(&entry, request.handle, slices, static_cast<unsigned>(request.size),
                             request.offset);
    } else {
        expect_equal(request.size, std::uint64_t{1}, "registered memory is written by one slice");
        io_uring_prep_write_fixed(&entry, request.handle, slices->iov_base,
                                  static_cast<unsigned>(slices->iov_len), request.offset,
                                  request.buffer);
    }
    if ((request.flags & kDurableWrite) != 0) entry.rw_flags = RWF_DSYNC;
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
        case IoKind::kWriteAt: prepare_write(entry, request); return;
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
        case IoKind::kReadAhead:
        case IoKind::kForget:
            io_uring_prep_fadvise(
                &entry, request.handle, request.offset, static_cast<off_t>(request.size),
                request.kind == IoKind::kForget ? POSIX_FADV_DONTNEED : POSIX_FADV_WILLNEED);
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
        case IoKind::kReceive: prepare_receive(entry, request); return;
        case IoKind::kSend: prepare_send(entry, operation); return;
        case IoKind::kShutdown: io_uring_prep_shutdown(&entry, request.handle, SHUT_RDWR); return;
        default: prepare_name(entry, request);
    }
}

}  // namespace

std::optional<std::int32_t> start(Ring& ring, Operation& operation) {
    if (operation.request.kind == IoKind::kConnect) {
        const std::int32_t handle = carry_out_blocking(operation);
        if (handle < 0) return handle;
        start_connect(ring, operation, handle);
        return std::nullopt;
    }
    if (operation.request.kind == IoKind::kSendFile) return start_send_file(ring, operation);
    if (const auto result = carry_out_at_once(operation.request)) return result;
    io_uring_sqe& entry = ring.next_entry();
    prepare(entry, operation);
    io_uring_sqe_set_data(&entry, &operation);
    return std::nullopt;
}

void start_connect(Ring& ring, Operation& operation, std::int32_t handle) {
    operation.request.handle = handle;
    io_uring_sqe& entry = ring.next_entry();
    io_uring_prep_connect(&entry, handle, reinterpret_cast<sockaddr*>(operation.scratch),
                          static_cast<socklen_t>(operation.request.size));
    io_uring_sqe_set_data(&entry, &operation);
}

std::optional<std::int32_t> finish(Ring& ring, Operation& operation, std::int32_t result) {
    switch (operation.request.kind) {
        case IoKind::kSendFile: return continue_send_file(ring, operation, result);
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
