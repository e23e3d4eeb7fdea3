#include "cluster/tools/json_text.hpp"

#include "core/base/base64.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

/// Of the character that begins with `first`, 0 for none such.
std::size_t utf8_size(unsigned first) {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first < 0xe0) return 2;
    if (first >= 0xe0 && first < 0xf0) return 3;
    if (first >= 0xf0 && first < 0xf5) return 4;
    return 0;
}

/// What the second byte may be where the first leaves less than usual: no overlong forms, no
/// surrogates, nothing over U+10FFFF.
bool second_fits(unsigned first, unsigned second) {
    if (first == 0xe0) return second >= 0xa0;
    if (first == 0xed) return second < 0xa0;
    if (first == 0xf0) return second >= 0x90;
    if (first == 0xf4) return second < 0x90;
    return true;
}

}  // namespace

bool is_utf8(ByteView bytes) {
    while (!bytes.empty()) {
        const auto first = std::to_integer<unsigned>(bytes[0]);
        const std::size_t size = utf8_size(first);
        if (size == 0 || size > bytes.size()) return false;
        for (const std::byte each : bytes.subspan(1, size - 1)) {
            if ((std::to_integer<unsigned>(each) & 0xc0U) != 0x80U) return false;
        }
        if (size > 1 && !second_fits(first, std::to_integer<unsigned>(bytes[1]))) return false;
        bytes = bytes.subspan(size);
    }
    return true;
}

void append_json(std::string& out, std::string_view text) {
    out += '"';
    for (const char each : text) {
        if (each == '"' || each == '\\') out += '\\';
        if (static_cast<unsigned char>(each) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(each));
        } else {
            out += each;
        }
    }
    out += '"';
}

void JsonText::separate() {
    constexpr std::string_view kNothingBefore = "{[:";
    if (!text_.empty() && kNothingBefore.find(text_.back()) == std::string_view::npos) text_ += ',';
}

void JsonText::open(char bracket) {
    separate();
    text_ += bracket;
}

void JsonText::put(std::string_view raw) {
    separate();
    text_ += raw;
}

void JsonText::key(std::string_view name) {
    separate();
    append_json(text_, name);
    text_ += ':';
}

void JsonText::value(std::string_view text) {
    separate();
    append_json(text_, text);
}

void JsonText::bytes_field(std::string_view name, ByteView bytes) {
    if (is_utf8(bytes)) return field(name, as_text(bytes));
    field(std::string(name) + "_base64", to_base64(bytes));
}

}  // namespace millrace
