// CRC-32C (Castagnoli), the checksum of record batches, producer snapshots and journal frames.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>

namespace millrace {

/// The checksum of `bytes`; with the checksum of a prefix as `seed`, that of both together.
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0) noexcept;

/// The two implementations behind crc32c(), named so that a test can hold them against each other.
namespace crc32c_detail {

bool has_hardware() noexcept;
std::uint32_t by_tables(ByteView bytes, std::uint32_t seed) noexcept;

/// REQUIRES has_hardware().
std::uint32_t by_hardware(ByteView bytes, std::uint32_t seed) noexcept;

}  // namespace crc32c_detail
}  // namespace millrace
