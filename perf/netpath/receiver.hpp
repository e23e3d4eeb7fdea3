// The other end of the socket: a process that reads all that comes into one buffer and throws it
// away, and says afterwards what that was and what it cost.
#pragma once

#include "perf/common/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace millrace::netpath {

constexpr std::size_t kReceiveBytes = 128 << 10;

/// Of one connection.
struct Received {
    std::uint64_t bytes{};
    double cpu_s{};
};

/// The process lives as long as this does. All calls throw std::system_error.
class Receiver {
public:
    /// A connection over the loopback interface; at most one at a time.
    class Session {
    public:
        explicit Session(const Receiver& receiver);
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;
        /// Whatever an error has left on the way is received, so that it isn't the next session's.
        ~Session();

        int socket() const { return socket_.get(); }
        /// Returns once the last byte was received.
        Received end();

    private:
        const Receiver& receiver_;
        perf::Descriptor socket_;
    };

    /// To be made first: the process is a copy of this one.
    Receiver();
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;
    ~Receiver();

private:
    std::uint16_t port_{};
    perf::Descriptor reports_;
    pid_t process_{};
};

}  // namespace millrace::netpath
