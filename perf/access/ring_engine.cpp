// The engines that keep a cell's depth in flight on one io_uring.
#include "perf/access/engine.hpp"
#include "perf/common/buffer.hpp"
#include "perf/common/ring.hpp"
#include "perf/common/time_used.hpp"

#include <bit>
#include <cerrno>
#include <sys/uio.h>

namespace millrace::access {
namespace {

/// A request in flight: the transfer and, where the cell syncs, the sync that is linked to it.
struct Slot {
    perf::Buffer buffer;
    std::int64_t began_ns{};
    int parts{};  // not yet completed
};

class RingRun {
public:
    explicit RingRun(const Work& work)
        : work_(work), ring_(std::bit_ceil(2 * work.cell.depth)), slots_(work.cell.depth) {
        for (Slot& slot : slots_) slot.buffer = perf::make_buffer(work.cell.size_bytes);
        if (work.cell.engine == Engine::kRingRegistered) register_buffers();
    }

    Tally run() {
        const std::int64_t began_ns = perf::now_ns();
        deadline_ns_ = began_ns + work_.duration_ns;
        for (std::size_t i = 0; i < slots_.size(); ++i) begin(i, began_ns);
        while (in_flight_ > 0) {
            const int done = ::io_uring_submit_and_wait(ring_.get(), 1);
            if (done < 0 && done != -EINTR) perf::fail("io_uring_enter", -done);
            reap();
        }
        tally_.elapsed_ns = perf::now_ns() - began_ns;
        if (error_ != 0) {
            perf::fail(work_.cell.operation == Operation::kRead ? "read" : "write", error_);
        }
        tally_.operations = tally_.latency_ns.count();
        return std::move(tally_);
    }

private:
    void register_buffers() {
        std::vector<iovec> parts;
        for (const Slot& slot : slots_) {
            parts.push_back({slot.buffer.get(), work_.cell.size_bytes});
        }
        const int failed = ::io_uring_register_buffers(ring_.get(), parts.data(),
                                                       static_cast<unsigned>(parts.size()));
        if (failed < 0) perf::fail("io_uring_register_buffers", -failed);
    }

    void begin(std::size_t index, std::int64_t at_ns) {
        if (at_ns >= deadline_ns_ || error_ != 0) return;
        if (next_ >= work_.operations_max) {
            tally_.ended_early = true;
            return;
        }
        const std::uint64_t number = next_++;
        const Place place = work_.places.at(number);
        slots_[index].began_ns = at_ns;
        slots_[index].parts = 1;
        io_uring_sqe* transfer = prepare(index, place);
        ++in_flight_;
        if (!syncs_after(work_.cell, number)) return;
        transfer->flags |= IOSQE_IO_LINK;
        io_uring_sqe* sync = ::io_uring_get_sqe(ring_.get());
        ::io_uring_prep_fsync(sync, work_.files.at(place.file), IORING_FSYNC_DATASYNC);
        sync->user_data = index | kIsSync;
        ++slots_[index].parts;
    }

    /// The queue holds two entries for each slot, so there is always one left.
    io_uring_sqe* prepare(std::size_t index, const Place& place) {
        const Cell& cell = work_.cell;
        const int file = work_.files.at(place.file);
        char* buffer = slots_[index].buffer.get();
        io_uring_sqe* sqe = ::io_uring_get_sqe(ring_.get());
        const bool registered = cell.engine == Engine::kRingRegistered;
        const int buffer_index = static_cast<int>(index);
        if (cell.operation == Operation::kRead && registered) {
            ::io_uring_prep_read_fixed(sqe, file, buffer, cell.size_bytes, place.offset,
                                       buffer_index);
        } else if (cell.operation == Operation::kRead) {
            ::io_uring_prep_read(sqe, file, buffer, cell.size_bytes, place.offset);
        } else if (registered) {
            ::io_uring_prep_write_fixed(sqe, file, buffer, cell.size_bytes, place.offset,
                                        buffer_index);
        } else {
            ::io_uring_prep_write(sqe, file, buffer, cell.size_bytes, place.offset);
        }
        if (cell.sync == Sync::kDsync) sqe->rw_flags = RWF_DSYNC;
        sqe->user_data = index;
        return sqe;
    }

    void reap() {
        const std::int64_t at_ns = perf::now_ns();
        io_uring_cqe* cqe = nullptr;
        while (::io_uring_peek_cqe(ring_.get(), &cqe) == 0) {
            const std::uint64_t mark = cqe->user_data;
            const int result = cqe->res;
            ::io_uring_cqe_seen(ring_.get(), cqe);
            complete(mark, result, at_ns);
        }
    }

    void complete(std::uint64_t mark, int result, std::int64_t at_ns) {
        const int wanted = (mark & kIsSync) ? 0 : static_cast<int>(work_.cell.size_bytes);
        // A short transfer cancels its sync; the transfer's own completion says what happened.
        if (result < 0 && result != -ECANCELED) error_ = -result;
        if (result >= 0 && result != wanted) error_ = EIO;
        const std::size_t index = mark & ~kIsSync;
        Slot& slot = slots_[index];
        if (--slot.parts > 0) return;
        --in_flight_;
        if (error_ == 0) {
            tally_.latency_ns.record(at_ns - slot.began_ns);
        }
        begin(index, at_ns);
    }

    static constexpr std::uint64_t kIsSync = std::uint64_t{1} << 32;

    const Work& work_;
    perf::Ring ring_;
    std::vector<Slot> slots_;
    std::int64_t deadline_ns_{};
    std::uint64_t next_{};
    std::size_t in_flight_{};
    int error_{};
    Tally tally_;
};

}  // namespace

Tally run_ring(const Work& work) { return RingRun(work).run(); }

}  // namespace millrace::access
