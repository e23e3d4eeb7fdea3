// How a device makes a journal frame durable at the least cost: by a write that persists itself, or
// by a write and a sync. Drives differ by a factor of three either way, so it is measured.
#pragma once

#include "core/runtime/file.hpp"

namespace millrace {

/// The best of a few tries each, for one block.
struct DurabilityProbe {
    Duration durable_write{};
    Duration write_and_sync{};

    /// A write that persists itself is one request instead of two, and a sync goes to a worker of
    /// the kernel: the other way has to be twice as fast.
    bool prefers_durable_write() const { return write_and_sync * 2 >= durable_write; }
};

/// Writes blocks of zeros to `offset` of `file`. REQUIRES: it was opened past the page cache and
/// holds zeros there.
Task<Result<DurabilityProbe>> probe_durability(World& world, File& file, std::uint64_t offset);

}  // namespace millrace
