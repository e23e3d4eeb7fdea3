// One wish to the outside world as plain data. Domain code fills an IoRequest; a World turns it
// into a submission to the kernel (uring/submit.cpp) or into an event of the simulator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/uio.h>

namespace millrace {

enum class IoKind : std::uint8_t {
    // Streams. `handle` is the socket.
    // kListen: path = numeric host or empty for all, offset = port or 0 for any, flags =
    // ListenMode,
    // data = std::uint16_t* that receives the port; result: listening handle.
    kListen,
    kAccept,   // result: connected handle
    kConnect,  // path = numeric host, offset = port; result: connected handle
    // kReceive: data, size; result: bytes received, 0 when the peer closed its side. With flags =
    // kIntoProvided: data = std::byte** that receives where they lie, in the world's memory.
    kReceive,
    // kSend: data = iovec array, size = its length, flags = 0 or kMore; result: bytes taken, maybe
    // not all
    kSend,
    // kSendFile: other_handle = file, offset, size, flags = SendMethod; result: bytes taken, maybe
    // not all, 0 where the file ends. -ENODATA when the file's first byte isn't in the page cache:
    // nobody waits for a disk here.
    kSendFile,
    kShutdown,  // both directions
    // kLocalAddress: data = std::string* that receives the numeric host at this end of a connection
    kLocalAddress,
    kPeerAddress,  // the same of the other end
    // Files. `handle` is the file.
    kOpen,    // path, flags = OpenMode, maybe | kDirect; result: handle
    kReadAt,  // offset, data, size; result: bytes read, short only at the end
    // kWriteAt: offset, data = iovec array, size = its length, flags = 0, kDurableWrite or
    // kMayWait;
    // result: bytes written
    kWriteAt,
    kSync,      // flags = SyncScope; what was written is on stable storage afterwards
    kAllocate,  // offset, size: space that becomes part of the file's size
    kTruncate,  // size = the new length
    // kSyncFilesystem: everything that was written to the filesystem of `handle` leaves the page
    // cache. No barrier for the device's own cache: sync a file of it afterwards.
    kSyncFilesystem,
    // Wishes about the page cache, as far as there is one: bring a range in, in the background, or
    // let go of it.
    kReadAhead,   // offset, size
    kForget,      // offset, size; 0: all that follows
    kFileStatus,  // data = FileStatus* that receives it
    kLock,        // exclusive lock of the whole file by this open file description
    kClose,       // any handle
    // Names. `path` and `other` outlive the request.
    kRename,        // path -> other, replacing it
    kRemove,        // path: a file
    kRemoveFolder,  // path: an empty folder
    kMakeFolder,    // path
    kSpace,         // path, data = FilesystemSpace* that is filled in
    kListFolder,    // path, data = std::vector<FolderEntry>* that receives the entries, sorted
};

enum class OpenMode : std::uint32_t {
    kRead,       // existing, read only
    kReadWrite,  // existing
    kCreate,     // read and write, created when missing
    kCreateNew,  // read and write, an error when it exists
    kTruncate,   // read and write, created or emptied
    kFolder,     // a folder, to sync its names
};

enum class ListenMode : std::uint32_t {
    kAlone,  // nobody else listens there
    kFirst,  // the same, and others of this process will join
    kJoin,   // beside the first: connections are divided among the sockets
};

/// With kOpen: past the page cache (O_DIRECT). Offsets, sizes and memory are multiples of
/// kBlockBytes then. EINVAL where the filesystem can't.
inline constexpr std::uint32_t kDirect = 1U << 16;
inline constexpr std::size_t kBlockBytes = 4096;

/// With kWriteAt: these bytes, and only they, are on stable storage when it succeeds (RWF_DSYNC).
inline constexpr std::uint32_t kDurableWrite = 1;

/// With kWriteAt: through the page cache, so it may wait for the filesystem, and nobody waits for
/// it.
inline constexpr std::uint32_t kMayWait = 2;

/// With kReadAt and kWriteAt, as offset: where the handle stands, and it moves on. For pipes,
/// terminals, and what somebody else has opened.
inline constexpr std::uint64_t kWhereItStands = ~std::uint64_t{0};

/// With kSend: more of the same message follows at once (MSG_MORE).
inline constexpr std::uint32_t kMore = 1;

/// With kReceive, in a world that provides memory: it picks memory when the bytes arrive, and gets
/// it back by World::give_back(). ENOBUFS when none is left.
inline constexpr std::uint32_t kIntoProvided = 1;

/// No registered memory (World::register_memory).
inline constexpr std::int32_t kUnregistered = -1;

struct FileStatus {
    std::uint64_t size{};
    std::int64_t modified_ms{};  // wall clock
};

/// Of the filesystem that holds a path, in bytes.
struct FilesystemSpace {
    std::uint64_t total{};
    std::uint64_t available{};
    std::uint64_t device{};  // two paths with the same one take each other's room
};

enum class SyncScope : std::uint32_t {
    kData,  // fdatasync: contents and what is needed to read them back
    kAll,   // fsync
};

/// Trivially destructible on purpose: GCC 12 destroys other aggregates twice when they are
/// temporaries of a co_await expression.
struct IoRequest {
    IoKind kind{};
    std::uint32_t flags{};
    std::int32_t handle{-1};
    std::int32_t other_handle{-1};
    std::uint64_t offset{};
    void* data{};
    std::uint64_t size{};
    const char* path{};
    const char* other{};
    std::int32_t buffer{kUnregistered};  // kWriteAt: registered memory that holds the one slice
};

}  // namespace millrace
