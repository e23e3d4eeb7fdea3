#include "perf/netpath/measure.hpp"

#include "perf/common/fail.hpp"
#include "perf/common/time_used.hpp"

#include <cerrno>
#include <cstring>

namespace millrace::netpath {
namespace {

constexpr double kCopySeconds = 0.3;

/// What has been used up to now, of all that is measured.
struct Used {
    std::int64_t at_ns{perf::now_ns()};
    perf::MachineTime machine{perf::machine_time()};
    double process_s{perf::process_cpu_s()};
};

std::uint64_t send_for(double seconds, const Cell& cell, const Source& source, Sender& sender) {
    const std::int64_t until_ns = perf::now_ns() + static_cast<std::int64_t>(seconds * 1e9);
    std::uint64_t bytes = 0;
    while (perf::now_ns() < until_ns) {
        sender.send(bytes % source.size(), cell.size_bytes);
        bytes += cell.size_bytes;
    }
    sender.finish();
    return bytes;
}

}  // namespace

Measured measure(const Cell& cell, const Source& source, const Receiver& receiver,
                 const perf::Punts& punts, double seconds) {
    source.warm();
    Receiver::Session session(receiver);
    const auto sender = make_sender(cell, source, session.socket());
    const auto punts_before = punts.count();
    const Used before;
    const std::uint64_t bytes = send_for(seconds, cell, source, *sender);
    const Received received = session.end();
    const Used after;
    const auto punts_after = punts.count();
    if (received.bytes != bytes) perf::fail("what was received is not what was sent", EIO);

    Measured measured;
    measured.bytes = bytes;
    measured.elapsed_s = static_cast<double>(after.at_ns - before.at_ns) / 1e9;
    measured.sender_s = after.process_s - before.process_s;
    measured.system_s = perf::busy_s(before.machine, after.machine);
    measured.receiver_s = received.cpu_s;
    measured.counts = sender->counts();
    if (punts_before && punts_after) measured.punts = *punts_after - *punts_before;
    measured.steal_share = perf::steal_share(before.machine, after.machine);
    return measured;
}

double memory_copy_bytes_per_s(const Source& source) {
    const std::size_t size = source.size() / 2;
    const perf::Buffer into = perf::make_buffer(size);
    const std::int64_t began_ns = perf::now_ns();
    std::int64_t now_ns = began_ns;
    std::uint64_t bytes = 0;
    while (static_cast<double>(now_ns - began_ns) < kCopySeconds * 1e9) {
        std::memcpy(into.get(), source.memory() + bytes % source.size(), size);
        bytes += size;
        now_ns = perf::now_ns();
    }
    return static_cast<double>(bytes) * 1e9 / static_cast<double>(now_ns - began_ns);
}

}  // namespace millrace::netpath
