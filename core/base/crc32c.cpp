#include "core/base/crc32c.hpp"

#include <algorithm>
#include <isa-l/crc.h>

namespace millrace {
namespace {

// ISA-L counts in an int.
constexpr std::size_t kPieceMax = std::size_t{1} << 30;

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t seed) noexcept {
    // Its iSCSI checksum is CRC-32C without the inversion before and behind.
    std::uint32_t state = ~seed;
    while (!bytes.empty()) {
        const std::size_t size = std::min(bytes.size(), kPieceMax);
        // Its signature predates const: it reads only.
        auto* const at = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data()));
        state = crc32_iscsi(at, static_cast<int>(size), state);
        bytes = bytes.subspan(size);
    }
    return ~state;
}

}  // namespace millrace
