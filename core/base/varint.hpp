// Variable-length integers: seven bits a byte, lowest first, the high bit says "more follows".
// Records use the zig-zag (signed) form; lengths in flexible message versions the unsigned one.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <optional>

namespace millrace {

inline constexpr std::size_t kVarint32Bytes = 5;
inline constexpr std::size_t kVarint64Bytes = 10;

/// Reads an unsigned varint at `position` and moves it behind; nothing when the view ends first or
/// the value does not fit into T. `position` is unspecified then.
template <class T>
std::optional<T> read_uvarint(ByteView bytes, std::size_t& position) noexcept {
    constexpr unsigned kBits = sizeof(T) * 8;
    T value = 0;
    for (unsigned shift = 0; shift < kBits; shift += 7) {
        if (position >= bytes.size()) return std::nullopt;
        const auto byte = std::to_integer<std::uint8_t>(bytes[position++]);
        const T part = byte & 0x7f;
        if (shift + 7 > kBits && (part >> (kBits - shift)) != 0) return std::nullopt;
        value |= part << shift;
        if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
}

inline std::optional<std::int64_t> read_varlong(ByteView bytes, std::size_t& position) noexcept {
    const auto raw = read_uvarint<std::uint64_t>(bytes, position);
    if (!raw) return std::nullopt;
    return static_cast<std::int64_t>((*raw >> 1) ^ (~(*raw & 1) + 1));
}

inline std::optional<std::int32_t> read_varint(ByteView bytes, std::size_t& position) noexcept {
    const auto raw = read_uvarint<std::uint32_t>(bytes, position);
    if (!raw) return std::nullopt;
    return static_cast<std::int32_t>((*raw >> 1) ^ (~(*raw & 1) + 1));
}

inline void write_uvarint(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::byte>(value));
}

inline void write_varlong(Bytes& out, std::int64_t value) {
    write_uvarint(
        out, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

/// Bytes that write_uvarint() takes for `value`: 1 to 10.
inline std::size_t uvarint_size(std::uint64_t value) noexcept {
    return (64 - static_cast<std::size_t>(__builtin_clzll(value | 1)) + 6) / 7;
}

}  // namespace millrace
