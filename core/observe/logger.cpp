#include "core/observe/logger.hpp"

#include <algorithm>
#include <chrono>

namespace millrace {
namespace {

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::kInfo: return "INFO";
        case LogLevel::kWarn: return "WARN";
        case LogLevel::kError: return "ERROR";
    }
    return "INFO";
}

bool is_plain(std::string_view value) {
    return !value.empty() && std::all_of(value.begin(), value.end(), [](char each) {
        return each > ' ' && each != '"' && each != '=' && each != '\\' && each < 0x7f;
    });
}

std::string text_line(std::string_view level, std::string_view time, std::string_view sentence,
                      Logger::Fields fields) {
    std::string line = fmt::format("{} {:<5} {}", time, level, escaped(sentence));
    for (const LogField& field : fields) {
        if (is_plain(field.value)) {
            line += fmt::format(" {}={}", field.name, field.value);
        } else {
            line += fmt::format(" {}=\"{}\"", field.name, escaped(field.value));
        }
    }
    return line;
}

std::string json_line(std::string_view level, std::string_view time, std::string_view sentence,
                      Logger::Fields fields) {
    std::string line =
        fmt::format(R"({{"time":"{}","level":"{}","message":"{}")", time, level, escaped(sentence));
    for (const LogField& field : fields) {
        line += fmt::format(R"(,"{}":"{}")", field.name, escaped(field.value));
    }
    return line + "}";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char each : text) {
        if (each == '"' || each == '\\') {
            out += '\\';
            out += each;
        } else if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(each));
        } else {
            out += each;
        }
    }
    return out;
}

std::string format_utc(std::int64_t wall_clock_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds(wall_clock_ms)};
    const auto midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss time{moment - midnight};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

void Logger::log(LogLevel level, std::string_view sentence, Fields fields) {
    const std::string time = format_utc(clock_.wall_clock_ms());
    const auto line = format_ == LogFormat::kJson ? json_line : text_line;
    sink_.write(line(name_of(level), time, sentence, fields));
}

}  // namespace millrace
