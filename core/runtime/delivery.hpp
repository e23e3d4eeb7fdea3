// How bytes of a file get onto a socket.
#pragma once

#include <cstdint>

namespace millrace {

/// From a file's range to a socket, without a copy in the broker's memory.
enum class SendMethod : std::uint8_t {
    kSendfile,
    kMmap,    // the range is mapped and sent from there
    kSplice,  // through a pipe, by the ring's worker threads
};

}  // namespace millrace
