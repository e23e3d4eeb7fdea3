#include "core/observe/logger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 3> kLevels = {"INFO", "WARN", "ERROR"};

struct Letter {
    std::uint32_t point = 0;
    std::size_t size = 1;
    bool is_valid = false;
};

/// The UTF-8 sequence at the start of `text`, which is not empty. Overlong forms, halves of pairs
/// and cut-off sequences are not valid.
Letter first_letter(std::string_view text) {
    const auto byte = [text](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    std::uint32_t point = lead & (0x7fU >> size);
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

/// Escaped as JSON asks for; bytes that are no UTF-8 become U+FFFD.
void append_escaped(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const Letter letter = first_letter(text);
        if (!letter.is_valid) {
            out += "\\ufffd";
        } else if (is_control(letter.point)) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", letter.point);
        } else {
            if (letter.point == '"' || letter.point == '\\') out.push_back('\\');
            out += text.substr(0, letter.size);
        }
        text.remove_prefix(letter.size);
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    append_escaped(out, text);
    out.push_back('"');
}

bool is_plain(std::string_view value) {
    return !value.empty() && std::all_of(value.begin(), value.end(), [](char each) {
        return each > ' ' && each != '"' && each != '=' && each != '\\' && each < 0x7f;
    });
}

void append_value(std::string& out, const LogField::Value& value, LogFormat format) {
    if (const auto* const text = std::get_if<std::string_view>(&value)) {
        if (format == LogFormat::kText && is_plain(*text)) {
            out += *text;
        } else {
            append_quoted(out, *text);
        }
        return;
    }
    std::visit([&out](const auto& plain) { fmt::format_to(std::back_inserter(out), "{}", plain); },
               value);
}

/// 2026-01-31T12:00:00.123Z
void append_utc(std::string& out, std::int64_t wall_clock_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds(wall_clock_ms)};
    const auto midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss time{moment - midnight};
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                   time.seconds().count(), time.subseconds().count());
}

void write_text(std::string& out, std::int64_t now_ms, std::string_view level,
                std::string_view sentence, Logger::Fields fields) {
    append_utc(out, now_ms);
    fmt::format_to(std::back_inserter(out), " {:<5} ", level);
    append_escaped(out, sentence);
    for (const LogField& field : fields) {
        fmt::format_to(std::back_inserter(out), " {}=", field.name);
        append_value(out, field.value, LogFormat::kText);
    }
}

void write_json(std::string& out, std::int64_t now_ms, std::string_view level,
                std::string_view sentence, Logger::Fields fields) {
    out += R"({"time":")";
    append_utc(out, now_ms);
    fmt::format_to(std::back_inserter(out), R"(","level":"{}","message":)", level);
    append_quoted(out, sentence);
    for (const LogField& field : fields) {
        fmt::format_to(std::back_inserter(out), R"(,"{}":)", field.name);
        append_value(out, field.value, LogFormat::kJson);
    }
    out.push_back('}');
}

}  // namespace

void Logger::log(LogLevel level, std::string_view sentence, Fields fields) {
    if (level < least_) return;
    line_.clear();
    const auto write = format_ == LogFormat::kJson ? write_json : write_text;
    write(line_, clock_.wall_clock_ms(), kLevels[static_cast<std::size_t>(level)], sentence,
          fields);
    sink_.write(line_);
}

}  // namespace millrace
