// Records whose whole content follows from their partition and number, so that every byte that
// comes back can be checked and nothing has to be remembered.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <optional>

namespace millrace::load {

inline constexpr std::size_t kValueBytesMin = 100;
inline constexpr std::size_t kValueBytesMax = 20 << 10;

/// From kValueBytesMin to kValueBytesMax, small ones more often: each doubling as likely as
/// another.
std::size_t value_size(std::uint32_t partition, std::uint64_t number);

/// Appends the value of a record: partition, size, number, then bytes that follow from these.
void append_value(Bytes& out, std::uint32_t partition, std::uint64_t number, std::size_t size);

/// One batch of the records `first` to `first + count - 1`. With `fixed_size` all values have that
/// size (at least 16), else value_size().
Bytes make_numbered_batch(std::uint32_t partition, std::uint64_t first, std::int32_t count,
                          std::optional<std::size_t> fixed_size = std::nullopt);

/// What a batch that was read holds: its checksum holds and each byte of its values is what its
/// partition and number ask for. Nothing for anything else.
struct NumberedBatch {
    std::int64_t base_offset;
    std::uint64_t first;
    std::int32_t count;
    std::size_t bytes;
};
std::optional<NumberedBatch> check_numbered_batch(ByteView bytes, std::uint32_t partition);

}  // namespace millrace::load
