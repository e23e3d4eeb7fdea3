// What the broker tells its operator: a level, a sentence, and fields, as text or as JSON lines.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace millrace {

/// Where finished lines go. The implementation adds the line end.
class LogSink {
public:
    virtual void write(std::string_view line) = 0;

protected:
    ~LogSink() = default;
};

/// Tells the time of day. Every World is one.
class WallClock {
public:
    /// Milliseconds since 1970, for timestamps that people and clients see.
    virtual std::int64_t wall_clock_ms() const = 0;

protected:
    ~WallClock() = default;
};

enum class LogLevel : std::uint8_t { kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

/// A name and a value, already formatted. Built for a line that will be written, so not per record.
struct LogField {
    template <class Value>
    LogField(std::string_view field_name, const Value& field_value)
        : name(field_name), value(fmt::format("{}", field_value)) {}

    std::string_view name;
    std::string value;
};

/// One shard's logger. Text from outside is escaped, so that nobody can forge a line.
class Logger {
public:
    using Fields = std::initializer_list<LogField>;

    Logger(const WallClock& clock, LogSink& sink, LogFormat format)
        : clock_(clock), sink_(sink), format_(format) {}

    void info(std::string_view sentence, Fields fields = {}) {
        log(LogLevel::kInfo, sentence, fields);
    }
    void warn(std::string_view sentence, Fields fields = {}) {
        log(LogLevel::kWarn, sentence, fields);
    }
    void error(std::string_view sentence, Fields fields = {}) {
        log(LogLevel::kError, sentence, fields);
    }

private:
    void log(LogLevel level, std::string_view sentence, Fields fields);

    const WallClock& clock_;
    LogSink& sink_;
    LogFormat format_;
};

/// `text` with quotes, backslashes and control characters escaped as in JSON.
std::string escaped(std::string_view text);

/// 2026-01-31T12:00:00.123Z
std::string format_utc(std::int64_t wall_clock_ms);

}  // namespace millrace
