// CRC-32C (Castagnoli), the checksum of record batches, producer snapshots and journal frames.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>

namespace millrace {

/// The checksum of `bytes`; with the checksum of a prefix as `seed`, that of both together.
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0) noexcept;

}  // namespace millrace
