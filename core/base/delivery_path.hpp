// The configured way of what a fetch reads and memory does not hold.
#pragma once

#include <cstdint>

namespace millrace {

/// In the order of the key's words.
enum class DeliveryPath : std::uint8_t {
    kAuto,    // what measured best: kSendfile
    kMemory,  // read into memory, and sent from there
    kSendfile,
    kMmap,    // mapped, and sent from there
    kSplice,  // through a pipe, by the ring's worker threads
};

}  // namespace millrace
