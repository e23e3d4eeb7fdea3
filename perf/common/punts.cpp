#include "perf/common/punts.hpp"

#include <linux/perf_event.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/syscall.h>
#include <unistd.h>

namespace millrace::perf {
namespace {

constexpr const char* kTracing[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

std::optional<std::uint64_t> tracepoint_id() {
    for (const std::string folder : kTracing) {
        std::ifstream file(folder + "/events/io_uring/io_uring_queue_async_work/id");
        std::uint64_t id = 0;
        if (file >> id) return id;
    }
    return std::nullopt;
}

}  // namespace

Punts::Punts() {
    const auto id = tracepoint_id();
    if (!id) {
        why_not_ = "the tracepoint io_uring_queue_async_work can't be read (is tracefs mounted?)";
        return;
    }
    perf_event_attr wanted{};
    wanted.type = PERF_TYPE_TRACEPOINT;
    wanted.size = sizeof wanted;
    wanted.config = *id;
    wanted.inherit = 1;
    counter_ =
        static_cast<int>(::syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
    if (counter_ < 0) why_not_ = std::string("perf_event_open: ") + std::strerror(errno);
}

Punts::~Punts() {
    if (counter_ >= 0) ::close(counter_);
}

std::optional<std::uint64_t> Punts::count() const {
    std::uint64_t value = 0;
    if (counter_ < 0 || ::read(counter_, &value, sizeof value) != sizeof value) {
        return std::nullopt;
    }
    return value;
}

}  // namespace millrace::perf
