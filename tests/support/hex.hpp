// Bytes as a test writes them down: hexadecimal digits, blanks anywhere, and text in single quotes.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

inline Bytes from_hex(std::string_view text) {
    Bytes out;
    bool quoted = false;
    int high = -1;
    for (const char c : text) {
        if (c == '\'') {
            quoted = !quoted;
        } else if (quoted) {
            out.push_back(static_cast<std::byte>(c));
        } else if (c != ' ') {
            const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
            if (high >= 0) out.push_back(static_cast<std::byte>(high * 16 + digit));
            high = high >= 0 ? -1 : digit;
        }
    }
    return out;
}

inline std::string to_hex(ByteView bytes) {
    std::string out;
    for (const std::byte byte : bytes) {
        out += "0123456789abcdef"[std::to_integer<int>(byte) >> 4];
        out += "0123456789abcdef"[std::to_integer<int>(byte) & 15];
    }
    return out;
}

}  // namespace millrace
