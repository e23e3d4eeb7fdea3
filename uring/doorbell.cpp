#include "uring/doorbell.hpp"

#include "core/base/assert.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

namespace millrace {

Doorbell::~Doorbell() {
    if (event_ >= 0) close(event_);
}

Result<void> Doorbell::hang_up(Ring& own) {
    own_ = &own;
    if (own.features().has(RingFeature::kMsgRing)) return {};
    event_ = eventfd(0, EFD_CLOEXEC);
    if (event_ < 0) return system_error(errno);
    read_event();
    return {};
}

void Doorbell::read_event() {
    io_uring_sqe& entry = own_->next_entry();
    io_uring_prep_read(&entry, event_, &count_, sizeof count_, 0);
    entry.user_data = static_cast<std::uint64_t>(BellEvent::kRead);
}

void Doorbell::on_read() { read_event(); }

void Doorbell::ring(Ring& peer) const {
    if (event_ >= 0) {
        const std::uint64_t one = 1;
        expect(write(event_, &one, sizeof one) == sizeof one, "a doorbell cannot be rung");
        return;
    }
    io_uring_sqe& entry = peer.next_entry();
    io_uring_prep_msg_ring(&entry, own_->descriptor(), 0,
                           static_cast<std::uint64_t>(BellEvent::kRung), 0);
    entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
    entry.user_data = static_cast<std::uint64_t>(BellEvent::kSent);
}

}  // namespace millrace
