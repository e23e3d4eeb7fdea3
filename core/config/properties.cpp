#include "core/config/properties.hpp"

#include <charconv>

namespace millrace {
namespace {

bool is_blank(char each) { return each == ' ' || each == '\t' || each == '\f'; }
bool is_line_end(char each) { return each == '\n' || each == '\r'; }

std::string_view skip_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    return text;
}

/// Takes one natural line off the front of `text`.
std::string_view take_line(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && !is_line_end(text[end])) ++end;
    const std::string_view line = text.substr(0, end);
    const bool pair = text.substr(end, 2) == "\r\n";
    text.remove_prefix(std::min(text.size(), end + (pair ? 2 : 1)));
    return line;
}

/// An odd number of backslashes at the end continues the line.
bool is_continued(std::string_view line) {
    std::size_t count = 0;
    while (count < line.size() && line[line.size() - 1 - count] == '\\') ++count;
    return count % 2 == 1;
}

std::string take_logical_line(std::string_view& text) {
    std::string_view line = skip_blanks(take_line(text));
    const bool comment = line.starts_with('#') || line.starts_with('!');
    std::string logical(line);
    while (!comment && is_continued(line)) {
        logical.pop_back();
        if (text.empty()) break;
        line = skip_blanks(take_line(text));
        logical += line;
    }
    return comment ? std::string() : logical;
}

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

/// The character that stands behind a backslash at `text[at]`; moves `at` behind it.
void unescape(std::string_view text, std::size_t& at, std::string& out) {
    const char each = text[at++];
    if (each == 'u' && at + 4 <= text.size()) {
        unsigned code = 0;
        const char* const end = text.data() + at + 4;
        const auto parsed = std::from_chars(text.data() + at, end, code, 16);
        if (parsed.ec == std::errc() && parsed.ptr == end) {
            append_utf8(out, code);
            at += 4;
            return;
        }
    }
    switch (each) {
        case 't': out += '\t'; break;
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case 'f': out += '\f'; break;
        default: out += each;
    }
}

/// Reads up to an unescaped character that `ends` accepts.
template <class Ends>
std::string take_part(std::string_view text, std::size_t& at, Ends ends) {
    std::string part;
    while (at < text.size() && !ends(text[at])) {
        const char each = text[at++];
        if (each == '\\' && at < text.size()) {
            unescape(text, at, part);
        } else if (each != '\\') {
            part += each;
        }
    }
    return part;
}

}  // namespace

Properties parse_properties(std::string_view text) {
    Properties properties;
    while (!text.empty()) {
        const std::string line = take_logical_line(text);
        if (line.empty()) continue;
        std::size_t at = 0;
        std::string key = take_part(
            line, at, [](char each) { return each == '=' || each == ':' || is_blank(each); });
        while (at < line.size() && is_blank(line[at])) ++at;
        if (at < line.size() && (line[at] == '=' || line[at] == ':')) ++at;
        while (at < line.size() && is_blank(line[at])) ++at;
        properties[std::move(key)] = take_part(line, at, [](char) { return false; });
    }
    return properties;
}

}  // namespace millrace
