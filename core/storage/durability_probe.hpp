// How a device makes a journal frame durable at the least cost: by a write that persists itself, or
// by a write and a sync. Drives differ by a factor of three either way, so it is measured.
#pragma once

#include "core/runtime/file.hpp"

namespace millrace {

/// The best of a few tries each, for one block.
struct DurabilityProbe {
    Duration durable_write{};
    Duration write_and_sync{};

    /// A write that persists itself is one request instead of two: the other way has to be a fifth
    /// faster.
    bool prefers_durable_write() const { return write_and_sync * 5 >= durable_write * 4; }
};

/// Writes blocks of zeros to `offset` of `file`. REQUIRES: it was opened past the page cache and
/// holds zeros there.
Task<Result<DurabilityProbe>> probe_durability(World& world, File& file, std::uint64_t offset);

}  // namespace millrace
