#include "core/config/properties.hpp"

#include <cstdint>
#include <optional>

namespace millrace {
namespace {

constexpr std::string_view kBlanks = " \t\f";

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

std::string_view without_leading_blanks(std::string_view text) {
    const std::size_t start = text.find_first_not_of(kBlanks);
    return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

/// Takes one natural line off `rest`: up to a line feed, a carriage return, or both.
std::string_view take_natural_line(std::string_view& rest) {
    const std::size_t end = rest.find_first_of("\r\n");
    const std::string_view line = rest.substr(0, end);
    if (end == std::string_view::npos) {
        rest = {};
        return line;
    }
    const bool two = rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n';
    rest.remove_prefix(end + (two ? 2 : 1));
    return line;
}

/// An odd number of backslashes at the end continues the line; an even one is escaped backslashes.
bool is_continued(std::string_view line) {
    const std::size_t last = line.find_last_not_of('\\');
    const std::size_t backslashes =
        last == std::string_view::npos ? line.size() : line.size() - last - 1;
    return backslashes % 2 == 1;
}

/// A natural line with those that continue it; leading blanks of each are gone. A comment is never
/// continued, and comes back empty.
std::string take_logical_line(std::string_view& rest) {
    std::string_view line = without_leading_blanks(take_natural_line(rest));
    if (line.starts_with('#') || line.starts_with('!')) return {};
    std::string logical;
    while (is_continued(line)) {
        logical += line.substr(0, line.size() - 1);
        if (rest.empty()) return logical;
        line = without_leading_blanks(take_natural_line(rest));
    }
    logical += line;
    return logical;
}

std::optional<std::uint32_t> parse_utf16_unit(std::string_view text, std::size_t at) {
    if (text.size() - at < 4) return std::nullopt;
    std::uint32_t unit = 0;
    for (const char c : text.substr(at, 4)) {
        unit <<= 4;
        if (c >= '0' && c <= '9') {
            unit |= static_cast<std::uint32_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            unit |= static_cast<std::uint32_t>(c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            unit |= static_cast<std::uint32_t>(c - 'A' + 10);
        } else {
            return std::nullopt;
        }
    }
    return unit;
}

void append_utf8(std::string& out, std::uint32_t point) {
    const auto tail = [&](unsigned shift) {
        out.push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3f)));
    };
    if (point < 0x80) {
        out.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
        out.push_back(static_cast<char>(0xc0 | (point >> 6)));
        tail(0);
    } else if (point < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | (point >> 12)));
        tail(6);
        tail(0);
    } else {
        out.push_back(static_cast<char>(0xf0 | (point >> 18)));
        tail(12);
        tail(6);
        tail(0);
    }
}

/// Appends what the \u escape with its digits at `at` spells, joined with a second half behind it,
/// and moves behind; false when it is malformed.
bool append_unicode(std::string& out, std::string_view text, std::size_t& at) {
    constexpr std::uint32_t kReplacement = 0xfffd;
    const auto unit = parse_utf16_unit(text, at);
    if (!unit) return false;
    at += 4;
    const bool is_first_half = *unit >= 0xd800 && *unit < 0xdc00;
    if (is_first_half && text.substr(at, 2) == "\\u") {
        const auto second = parse_utf16_unit(text, at + 2);
        if (!second) return false;
        if (*second >= 0xdc00 && *second < 0xe000) {
            at += 6;
            append_utf8(out, 0x10000 + ((*unit - 0xd800) << 10) + (*second - 0xdc00));
            return true;
        }
    }
    const bool is_half = *unit >= 0xd800 && *unit < 0xe000;
    append_utf8(out, is_half ? kReplacement : *unit);
    return true;
}

std::optional<std::string> unescape(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at++];
        if (c != '\\' || at == text.size()) {
            out.push_back(c);
            continue;
        }
        const char escaped = text[at++];
        switch (escaped) {
            case 't': out.push_back('\t'); break;
            case 'n': out.push_back('\n'); break;
            case 'r': out.push_back('\r'); break;
            case 'f': out.push_back('\f'); break;
            case 'u':
                if (!append_unicode(out, text, at)) return std::nullopt;
                break;
            default: out.push_back(escaped);
        }
    }
    return out;
}

/// Where the key ends: at the first separator that no backslash escapes.
std::size_t key_end(std::string_view line) {
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] == '\\') {
            ++at;
        } else if (line[at] == '=' || line[at] == ':' || is_blank(line[at])) {
            return at;
        }
    }
    return line.size();
}

std::string_view value_behind(std::string_view rest) {
    rest = without_leading_blanks(rest);
    if (rest.starts_with('=') || rest.starts_with(':')) {
        rest.remove_prefix(1);
        rest = without_leading_blanks(rest);
    }
    return rest;
}

}  // namespace

Result<Properties> parse_properties(std::string_view text) {
    Properties properties;
    while (!text.empty()) {
        const std::string line = take_logical_line(text);
        if (line.empty()) continue;
        const std::size_t end = key_end(line);
        const auto key = unescape(std::string_view(line).substr(0, end));
        const auto value = unescape(value_behind(std::string_view(line).substr(end)));
        if (!key || !value) return Errc::kMalformed;
        properties.insert_or_assign(*key, *value);
    }
    return properties;
}

}  // namespace millrace
