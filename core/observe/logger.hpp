// What the broker tells its operator: a level, a sentence, and fields, as text or as JSON lines.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

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

/// A named value, borrowed for the length of the call.
struct LogField {
    using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, bool>;

    LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
    LogField(std::string_view field_name, const char* text)
        : name(field_name), value(std::string_view(text)) {}
    LogField(std::string_view field_name, const std::string& text)
        : name(field_name), value(std::string_view(text)) {}
    LogField(std::string_view field_name, bool flag) : name(field_name), value(flag) {}

    template <class Int>
        requires(std::is_integral_v<Int> && !std::is_same_v<Int, bool>)
    LogField(std::string_view field_name, Int number)
        : name(field_name),
          value(static_cast<std::conditional_t<std::is_signed_v<Int>, std::int64_t, std::uint64_t>>(
              number)) {}

    std::string_view name;
    Value value;
};

/// One shard's logger. Text from outside is escaped, so that nobody can forge a line or drive the
/// terminal that shows it.
class Logger {
public:
    using Fields = std::initializer_list<LogField>;

    /// Lines below `least` are dropped.
    Logger(const WallClock& clock, LogSink& sink, LogFormat format,
           LogLevel least = LogLevel::kInfo)
        : clock_(clock), sink_(sink), format_(format), least_(least) {}

    /// The same on another shard, which has a clock of its own.
    Logger on(const WallClock& clock) const { return {clock, sink_, format_, least_}; }

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
    LogLevel least_;
    std::string line_;  // kept for its capacity
};

}  // namespace millrace
