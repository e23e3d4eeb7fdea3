#include "core/observe/logger.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <iterator>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"DEBUG", "INFO", "WARN", "ERROR"};

struct Letter {
    std::uint32_t point = 0;
    std::size_t size = 1;
    bool is_valid = false;
};

/// The UTF-8 sequence at the start of `text`, which is not empty. Overlong forms, halves of pairs
/// and cut-off sequences are not valid.
Letter first_letter(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    std::uint32_t point = lead & (0x7fu >> size);
    for (std::size_t at = 1; at < size; ++at) {
        if ((byte(at) & 0xc0) != 0x80) return {};
        point = (point << 6) | (byte(at) & 0x3f);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_half = point >= 0xd800 && point < 0xe000;
    if (point < kSmallest[size] || point > 0x10ffff || is_half) return {};
    return {point, size, true};
}

// C0, DEL and C1 can drive a terminal; the two separators end a line for some readers.
bool is_control(std::uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

void append_control(std::string& out, std::uint32_t point) {
    switch (point) {
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", point);
    }
}

/// Text between quotes, escaped as JSON asks for. Bytes that are no UTF-8 become U+FFFD there; in
/// text lines they are shown as \xNN.
void append_quoted(std::string& out, std::string_view text, LogLineFormat format) {
    out.push_back('"');
    while (!text.empty()) {
        const Letter letter = first_letter(text);
        if (!letter.is_valid) {
            if (format == LogLineFormat::kJson) {
                out += "\\ufffd";
            } else {
                fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                               static_cast<unsigned char>(text[0]));
            }
        } else if (is_control(letter.point)) {
            append_control(out, letter.point);
        } else {
            if (letter.point == '"' || letter.point == '\\') out.push_back('\\');
            out += text.substr(0, letter.size);
        }
        text.remove_prefix(letter.size);
    }
    out.push_back('"');
}

bool is_plain(std::string_view text) {
    if (text.empty()) return false;
    for (const char c : text)
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return false;
    return true;
}

void append_text(std::string& out, std::string_view text) {
    if (is_plain(text)) {
        out += text;
    } else {
        append_quoted(out, text, LogLineFormat::kText);
    }
}

void append_value(std::string& out, const LogField::Value& value, LogLineFormat format) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        if (format == LogLineFormat::kText) return append_text(out, *text);
        return append_quoted(out, *text, format);
    }
    const auto* number = std::get_if<double>(&value);
    // JSON has no word for these.
    if (number != nullptr && format == LogLineFormat::kJson && !std::isfinite(*number)) {
        out += "null";
        return;
    }
    std::visit([&](const auto& plain) { fmt::format_to(std::back_inserter(out), "{}", plain); },
               value);
}

void append_time(std::string& out, std::int64_t now_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> now{milliseconds{now_ms}};
    const auto day = floor<days>(now);
    const year_month_day date{day};
    const hh_mm_ss time{now - day};
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                   time.seconds().count(), time.subseconds().count());
}

/// A message is our own text and reads best without quotes, unless it holds what a line must not.
void append_message(std::string& out, std::string_view message) {
    for (const char c : message) {
        if (c >= ' ' && c < 0x7f) continue;
        return append_quoted(out, message, LogLineFormat::kText);
    }
    out += message;
}

void write_text(std::string& out, std::int64_t now_ms, LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields) {
    append_time(out, now_ms);
    fmt::format_to(std::back_inserter(out), " {:<5} ", kLevels[static_cast<std::size_t>(level)]);
    append_message(out, message);
    for (const LogField& field : fields) {
        out.push_back(' ');
        append_text(out, field.key);
        out.push_back('=');
        append_value(out, field.value, LogLineFormat::kText);
    }
}

void write_json(std::string& out, std::int64_t now_ms, LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields) {
    out += "{\"time\":\"";
    append_time(out, now_ms);
    fmt::format_to(std::back_inserter(out),
                   "\",\"level\":\"{}\",\"message\":", kLevels[static_cast<std::size_t>(level)]);
    append_quoted(out, message, LogLineFormat::kJson);
    for (const LogField& field : fields) {
        out.push_back(',');
        append_quoted(out, field.key, LogLineFormat::kJson);
        out.push_back(':');
        append_value(out, field.value, LogLineFormat::kJson);
    }
    out.push_back('}');
}

}  // namespace

void Logger::log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!is_on(level)) return;
    line_.clear();
    if (options_.format == LogLineFormat::kJson) {
        write_json(line_, now_ms_(), level, message, fields);
    } else {
        write_text(line_, now_ms_(), level, message, fields);
    }
    sink_.write(line_);
}

}  // namespace millrace
