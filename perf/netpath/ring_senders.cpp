// The paths of io_uring: one step at a time, since the bytes of one socket have an order.
#include "perf/common/fail.hpp"
#include "perf/common/ring.hpp"
#include "perf/netpath/passage.hpp"
#include "perf/netpath/pipe.hpp"
#include "perf/netpath/sender.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <numeric>
#include <sys/socket.h>
#include <sys/uio.h>

// Kernel 6.2 has them, the headers of liburing 2.3 don't.
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE (1U << 3)
#endif
#ifndef IORING_NOTIF_USAGE_ZC_COPIED
#define IORING_NOTIF_USAGE_ZC_COPIED (1U << 31)
#endif

namespace millrace::netpath {
namespace {

constexpr std::uint32_t kEntries = 64;
/// A buffer that SEND_ZC sends from is not to be written before the notice that it is over; so
/// many are used in turn.
constexpr std::size_t kBuffers = 4;
/// Of a stream socket: the ring goes on until the whole was sent.
constexpr int kSendFlags = MSG_WAITALL | MSG_NOSIGNAL;

/// What a request moved: nothing when it was cancelled because the one before it fell short. A file
/// is never shorter than its range, so nothing is an error otherwise.
std::size_t moved(int result, const char* request) {
    if (result == -ECANCELED) return 0;
    if (result <= 0) perf::fail(request, result == 0 ? EIO : -result);
    return static_cast<std::size_t>(result);
}

class RingSender : public Sender {
public:
    RingSender(int socket, bool zero_copy)
        : socket_(socket), zero_copy_(zero_copy), ring_(kEntries) {}

    void finish() override {
        while (std::reduce(unnoticed_.begin(), unnoticed_.end()) > 0) wait_for_more();
    }

protected:
    enum Half : std::uint64_t { kIn, kOut };

    void register_memory(const char* first, std::size_t size) {
        const iovec memory{const_cast<char*>(first), size};
        const int failed = ::io_uring_register_buffers(ring_.get(), &memory, 1);
        if (failed == -ENOMEM) perf::fail("registering memory (see ulimit -l)", ENOMEM);
        if (failed < 0) perf::fail("io_uring_register_buffers", -failed);
    }

    io_uring_sqe* next_request() { return ::io_uring_get_sqe(ring_.get()); }

    void prepare_send(io_uring_sqe* request, const char* bytes, std::size_t count) const {
        if (zero_copy_) {
            ::io_uring_prep_send_zc_fixed(request, socket_, bytes, count, kSendFlags,
                                          IORING_SEND_ZC_REPORT_USAGE, 0);
        } else {
            ::io_uring_prep_send(request, socket_, bytes, count, kSendFlags);
        }
    }

    /// `buffer` is the one that the request uses.
    static void mark(io_uring_sqe* request, Half half, std::size_t buffer) {
        request->user_data = 2 * buffer + half;
    }

    /// Submits `count` requests and waits for their results.
    void run(unsigned count) {
        enter(count);
        for (unsigned left = count - reap(); left > 0; left -= reap()) enter(1);
    }

    void wait_until_free(std::size_t buffer) {
        while (unnoticed_[buffer] > 0) wait_for_more();
    }

    std::size_t put_in(const char* request) const { return moved(results_[kIn], request); }
    std::size_t sent() const {
        return moved(results_[kOut], zero_copy_ ? "SEND_ZC that reports its copies" : "SEND");
    }

    const int socket_;

private:
    void enter(unsigned count) {
        ++counts_.calls;
        const int done = ::io_uring_submit_and_wait(ring_.get(), count);
        if (done < 0 && done != -EINTR) perf::fail("io_uring_enter", -done);
    }

    void wait_for_more() {
        enter(1);
        reap();
    }

    /// Returns how many results there were; a notice is none.
    unsigned reap() {
        unsigned head = 0;
        unsigned seen = 0;
        unsigned results = 0;
        io_uring_cqe* entry = nullptr;
        io_uring_for_each_cqe(ring_.get(), head, entry) {
            ++seen;
            results += note(*entry);
        }
        ::io_uring_cq_advance(ring_.get(), seen);
        return results;
    }

    /// Whether it is a result.
    bool note(const io_uring_cqe& entry) {
        const std::size_t buffer = entry.user_data / 2;
        if ((entry.flags & IORING_CQE_F_NOTIF) != 0) {
            --unnoticed_[buffer];
            ++counts_.notices;
            const auto usage = static_cast<std::uint32_t>(entry.res);
            if ((usage & IORING_NOTIF_USAGE_ZC_COPIED) != 0) ++counts_.copied;
            return false;
        }
        if ((entry.flags & IORING_CQE_F_MORE) != 0) ++unnoticed_[buffer];
        results_[entry.user_data % 2] = entry.res;
        return true;
    }

    const bool zero_copy_;
    perf::Ring ring_;
    std::array<int, 2> results_{};
    std::array<int, kBuffers> unnoticed_{};
};

class RingMemorySender : public RingSender {
public:
    RingMemorySender(const Source& source, int socket, bool zero_copy)
        : RingSender(socket, zero_copy), memory_(source.memory()) {
        if (zero_copy) register_memory(memory_, source.size());
    }

    void send(std::uint64_t offset, std::size_t size) override {
        for (std::size_t done = 0; done < size; done += sent()) {
            io_uring_sqe* request = next_request();
            prepare_send(request, memory_ + offset + done, size - done);
            mark(request, kOut, 0);
            run(1);
        }
    }

private:
    const char* memory_;
};

/// Reads into buffers, which may be registered, and sends from there.
class RingReadSender : public RingSender {
public:
    RingReadSender(const Source& source, const Cell& cell, int socket, bool fixed, bool zero_copy)
        : RingSender(socket, zero_copy),
          file_(source.file()),
          fixed_(fixed),
          size_max_(cell.size_bytes),
          memory_(perf::make_buffer(kBuffers * size_max_)),
          buffers_(zero_copy ? kBuffers : 1) {
        if (fixed) register_memory(memory_.get(), buffers_ * size_max_);
    }

    void send(std::uint64_t offset, std::size_t size) override {
        const std::size_t buffer = steps_++ % buffers_;
        wait_until_free(buffer);
        for (Passage passage(offset, size); !passage.done();) {
            const bool reads = passage.inside() == 0;
            if (reads) prepare_read(passage, buffer);
            io_uring_sqe* request = next_request();
            prepare_send(request, first_of(buffer) + passage.take_at(),
                         reads ? passage.outside() : passage.inside());
            mark(request, kOut, buffer);
            run(reads ? 2 : 1);
            if (reads) passage.put(put_in("READ"));
            passage.take(sent());
        }
    }

private:
    char* first_of(std::size_t buffer) const { return memory_.get() + buffer * size_max_; }

    void prepare_read(const Passage& passage, std::size_t buffer) {
        io_uring_sqe* request = next_request();
        char* into = first_of(buffer) + passage.put_at();
        const auto count = static_cast<unsigned>(passage.outside());
        if (fixed_) {
            ::io_uring_prep_read_fixed(request, file_, into, count, passage.position(), 0);
        } else {
            ::io_uring_prep_read(request, file_, into, count, passage.position());
        }
        request->flags |= IOSQE_IO_LINK;
        mark(request, kIn, buffer);
    }

    const int file_;
    const bool fixed_;
    const std::size_t size_max_;
    perf::Buffer memory_;
    const std::size_t buffers_;
    std::uint64_t steps_{};
};

class RingSpliceSender : public RingSender {
public:
    RingSpliceSender(int file, int socket, std::size_t size_max)
        : RingSender(socket, false), file_(file), pipe_(size_max) {}

    void send(std::uint64_t offset, std::size_t size) override {
        for (Passage passage(offset, size); !passage.done();) {
            const bool fills = passage.inside() == 0;
            const std::size_t count =
                fills ? std::min(passage.outside(), pipe_.room()) : passage.inside();
            if (fills) prepare_fill(passage, count);
            io_uring_sqe* request = next_request();
            ::io_uring_prep_splice(request, pipe_.out(), -1, socket_, -1,
                                   static_cast<unsigned>(count), SPLICE_F_MOVE);
            mark(request, kOut, 0);
            run(fills ? 2 : 1);
            if (fills) passage.put(put_in("SPLICE"));
            passage.take(sent());
        }
    }

private:
    void prepare_fill(const Passage& passage, std::size_t count) {
        io_uring_sqe* request = next_request();
        ::io_uring_prep_splice(request, file_, static_cast<std::int64_t>(passage.position()),
                               pipe_.in(), -1, static_cast<unsigned>(count), SPLICE_F_MOVE);
        request->flags |= IOSQE_IO_LINK;
        mark(request, kIn, 0);
    }

    const int file_;
    Pipe pipe_;
};

}  // namespace

std::unique_ptr<Sender> make_ring_sender(const Cell& cell, const Source& source, int socket) {
    const auto memory = [&](bool zero_copy) {
        return std::make_unique<RingMemorySender>(source, socket, zero_copy);
    };
    const auto read = [&](bool fixed, bool zero_copy) {
        return std::make_unique<RingReadSender>(source, cell, socket, fixed, zero_copy);
    };
    switch (cell.path) {
        case Path::kRingMemory: return memory(false);
        case Path::kRingZeroCopy: return memory(true);
        case Path::kRingReadSend: return read(false, false);
        case Path::kRingFixedRead: return read(true, false);
        case Path::kRingReadZeroCopy: return read(true, true);
        case Path::kRingSplice:
            return std::make_unique<RingSpliceSender>(source.file(), socket, cell.size_bytes);
        default: return nullptr;
    }
}

}  // namespace millrace::netpath
