#include "uring/send_file.hpp"

#include "core/runtime/delivery.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace {
namespace {

constexpr std::size_t kPageBytes = 4096;
// More than this at once would keep the shard from its other work.
constexpr std::uint64_t kBytesMax = 1 << 20;
constexpr std::uint64_t kPipeBytes = 256 << 10;

/// A range of a file in the address space; nothing is read for it.
class Mapping {
public:
    Mapping(int file, std::uint64_t offset, std::uint64_t size)
        : skipped_(offset % kPageBytes),
          size_(size + skipped_),
          address_(mmap(nullptr, size_, PROT_READ, MAP_SHARED, file,
                        static_cast<off_t>(offset - skipped_))) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (address_ != MAP_FAILED) munmap(address_, size_);
    }

    const void* data() const { return static_cast<const char*>(address_) + skipped_; }

    /// How much of the range, from its front, is in the page cache; a negated errno.
    std::int64_t resident() const {
        if (address_ == MAP_FAILED) return -errno;
        unsigned char pages[kBytesMax / kPageBytes + 2];
        if (mincore(address_, size_, pages) != 0) return -errno;
        const std::size_t count = (size_ + kPageBytes - 1) / kPageBytes;
        const auto* const missing =
            std::find_if(pages, pages + count, [](unsigned char page) { return (page & 1) == 0; });
        const auto there = static_cast<std::uint64_t>(missing - pages) * kPageBytes;
        return static_cast<std::int64_t>(std::min(std::max(there, skipped_), size_) - skipped_);
    }

private:
    std::uint64_t skipped_;
    std::uint64_t size_;
    void* address_;
};

std::int64_t or_errno(std::int64_t outcome) { return outcome < 0 ? -errno : outcome; }

/// sendfile() has no flag for a single call: the socket is set not to block for its length only,
/// since requests on the ring would give up instead of waiting.
std::int64_t send_without_blocking(int socket, int file, std::uint64_t offset, std::size_t size) {
    const int flags = fcntl(socket, F_GETFL);
    if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) return -errno;
    auto position = static_cast<off_t>(offset);
    const std::int64_t sent = or_errno(sendfile(socket, file, &position, size));
    fcntl(socket, F_SETFL, flags);
    return sent;
}

std::int64_t send_resident(const IoRequest& request) {
    const std::uint64_t size = std::min(request.size, kBytesMax);
    const Mapping mapping(request.other_handle, request.offset, size);
    const std::int64_t resident = mapping.resident();
    if (resident < 0) return resident;
    if (resident == 0) return -ENODATA;
    const auto count = static_cast<std::size_t>(resident);
    if (static_cast<SendMethod>(request.flags) == SendMethod::kMmap) {
        return or_errno(send(request.handle, mapping.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL));
    }
    return send_without_blocking(request.handle, request.other_handle, request.offset, count);
}

std::optional<std::int32_t> try_to_send(Ring& ring, Operation& operation) {
    const std::int64_t sent = send_resident(operation.request);
    if (sent != -EAGAIN) return static_cast<std::int32_t>(sent);
    io_uring_sqe& entry = ring.next_entry();
    io_uring_prep_poll_add(&entry, operation.request.handle, POLLOUT);
    io_uring_sqe_set_data(&entry, &operation);
    return std::nullopt;
}

/// Where a splice stands; lives in the operation's scratch space.
struct Splice {
    int ends[2];  // of the pipe: to read, to write
    std::int32_t in_pipe;
    std::int32_t sent;
};
static_assert(sizeof(Splice) <= sizeof(Operation::scratch));

Splice& splice_of(Operation& operation) {
    return *std::launder(reinterpret_cast<Splice*>(operation.scratch));
}

void queue_splice(Ring& ring, Operation& operation, int from, std::int64_t offset, int to,
                  std::uint64_t size) {
    io_uring_sqe& entry = ring.next_entry();
    io_uring_prep_splice(&entry, from, offset, to, -1, static_cast<unsigned>(size), SPLICE_F_MOVE);
    io_uring_sqe_set_data(&entry, &operation);
}

std::optional<std::int32_t> start_splice(Ring& ring, Operation& operation) {
    const IoRequest& request = operation.request;
    auto& splice = *::new (static_cast<void*>(operation.scratch)) Splice{};
    if (pipe2(splice.ends, O_CLOEXEC) != 0) return -errno;
    // A smaller pipe takes more rounds.
    (void)fcntl(splice.ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes));
    queue_splice(ring, operation, request.other_handle, static_cast<std::int64_t>(request.offset),
                 splice.ends[1], std::min(request.size, kPipeBytes));
    return std::nullopt;
}

std::optional<std::int32_t> continue_splice(Ring& ring, Operation& operation, std::int32_t result) {
    Splice& splice = splice_of(operation);
    const bool filled = splice.in_pipe == 0;
    if (result > 0) {
        splice.in_pipe += filled ? result : -result;
        splice.sent += filled ? 0 : result;
        if (splice.in_pipe > 0) {
            queue_splice(ring, operation, splice.ends[0], -1, operation.request.handle,
                         static_cast<std::uint64_t>(splice.in_pipe));
            return std::nullopt;
        }
    }
    for (const int end : splice.ends) close(end);
    return splice.in_pipe == 0 && splice.sent > 0 ? splice.sent : result;
}

bool is_splice(const Operation& operation) {
    return static_cast<SendMethod>(operation.request.flags) == SendMethod::kSplice;
}

}  // namespace

std::optional<std::int32_t> start_send_file(Ring& ring, Operation& operation) {
    return is_splice(operation) ? start_splice(ring, operation) : try_to_send(ring, operation);
}

std::optional<std::int32_t> continue_send_file(Ring& ring, Operation& operation,
                                               std::int32_t result) {
    if (is_splice(operation)) return continue_splice(ring, operation, result);
    return result < 0 ? std::optional(result) : try_to_send(ring, operation);
}

}  // namespace millrace
