// What the broker says to its operator: a message that never varies, and fields that do, as text or
// as JSON, one line each. Where lines go and what time it is are given from outside.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace millrace {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// Takes finished lines, without a line end.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual void write(std::string_view line) = 0;
};

/// A named value, borrowed for the length of the call.
struct LogField {
    using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

    std::string_view key;
    Value value;

    LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
    LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
    LogField(std::string_view name, const std::string& text)
        : key(name), value(std::string_view(text)) {}
    LogField(std::string_view name, bool flag) : key(name), value(flag) {}
    LogField(std::string_view name, double number) : key(name), value(number) {}

    template <class T>
        requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
    LogField(std::string_view name, T number) : key(name) {
        if constexpr (std::is_signed_v<T>) {
            value = static_cast<std::int64_t>(number);
        } else {
            value = static_cast<std::uint64_t>(number);
        }
    }
};

enum class LogLineFormat { kText, kJson };

struct LoggerOptions {
    LogLineFormat format = LogLineFormat::kText;
    LogLevel least = LogLevel::kInfo;
};

/// Belongs to one shard. The sink and what the clock refers to outlive it.
class Logger {
public:
    /// Milliseconds since 1970.
    using Clock = std::function<std::int64_t()>;

    Logger(LogSink& sink, Clock now_ms, LoggerOptions options = {})
        : sink_(sink), now_ms_(std::move(now_ms)), options_(options) {}
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;

    /// To be asked before fields that cost something are worked out.
    bool is_on(LogLevel level) const noexcept { return level >= options_.least; }
    void set_least(LogLevel least) noexcept { options_.least = least; }

    void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

    void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kDebug, message, fields);
    }
    void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kInfo, message, fields);
    }
    void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kWarn, message, fields);
    }
    void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::kError, message, fields);
    }

private:
    LogSink& sink_;
    const Clock now_ms_;
    LoggerOptions options_;
    std::string line_;  // kept for its capacity
};

}  // namespace millrace
