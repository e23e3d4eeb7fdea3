// The framing of Java's snappy streams: 8 bytes of magic, two version integers, then blocks with
// their length before them.
#pragma once

#include "core/base/bytes.hpp"

#include <algorithm>
#include <array>

namespace millrace {

inline constexpr std::array<std::byte, 8> kXerialMagic = {
    std::byte{0x82}, std::byte{'S'}, std::byte{'N'}, std::byte{'A'},
    std::byte{'P'},  std::byte{'P'}, std::byte{'Y'}, std::byte{0}};
inline constexpr std::size_t kXerialHeaderBytes = 16;

inline bool has_xerial_header(ByteView bytes) {
    return bytes.size() >= kXerialHeaderBytes &&
           std::ranges::equal(bytes.first(kXerialMagic.size()), kXerialMagic);
}

}  // namespace millrace
