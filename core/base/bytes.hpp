// Byte views and big-endian loads and stores: Kafka's integers on the wire and on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace millrace {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// Loads a big-endian integer from `at`, which has room for it and may be unaligned.
template <class T>
    requires std::is_integral_v<T>
T load_be(const std::byte* at) noexcept {
    std::make_unsigned_t<T> value;
    std::memcpy(&value, at, sizeof value);
    if constexpr (sizeof value == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof value == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof value == 8) value = __builtin_bswap64(value);
    return static_cast<T>(value);
}

/// Stores `value` big-endian at `at`, which has room for it and may be unaligned.
template <class T>
    requires std::is_integral_v<T>
void store_be(std::byte* at, T value) noexcept {
    auto raw = static_cast<std::make_unsigned_t<T>>(value);
    if constexpr (sizeof raw == 2) raw = __builtin_bswap16(raw);
    if constexpr (sizeof raw == 4) raw = __builtin_bswap32(raw);
    if constexpr (sizeof raw == 8) raw = __builtin_bswap64(raw);
    std::memcpy(at, &raw, sizeof raw);
}

inline ByteView as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void append_bytes(Bytes& out, ByteView more) {
    out.insert(out.end(), more.begin(), more.end());
}

}  // namespace millrace
