// A pipe as the way between a file and a socket.
#pragma once

#include "perf/common/descriptor.hpp"
#include "perf/common/fail.hpp"

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

namespace millrace::netpath {

class Pipe {
public:
    /// Holds `wanted` bytes of whole pages, or as many as the system allows a user.
    explicit Pipe(std::size_t wanted) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) perf::fail("pipe");
        out_ = perf::Descriptor(ends[0]);
        in_ = perf::Descriptor(ends[1]);
        const int held = ::fcntl(in(), F_GETPIPE_SZ);
        const int asked = std::max(held, static_cast<int>(wanted));
        const int granted = asked > held ? ::fcntl(in(), F_SETPIPE_SZ, asked) : held;
        room_ = static_cast<std::size_t>(std::max(granted, held));
    }

    int in() const { return in_.get(); }
    int out() const { return out_.get(); }
    std::size_t room() const { return room_; }

private:
    perf::Descriptor out_;
    perf::Descriptor in_;
    std::size_t room_{};
};

}  // namespace millrace::netpath
