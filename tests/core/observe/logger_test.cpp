#include "core/observe/logger.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

class FixedClock final : public WallClock {
public:
    std::int64_t wall_clock_ms() const override { return 1'769'860'800'123; }
};

class LastLine final : public LogSink {
public:
    void write(std::string_view written) override { line = written; }
    std::string line;
};

TEST(Logger, TextHasTimeLevelSentenceAndFields) {
    FixedClock clock;
    LastLine sink;
    Logger(clock, sink, LogFormat::kText)
        .warn("a log was cut", {{"offset", 5}, {"why", "torn end"}});
    EXPECT_EQ(sink.line, "2026-01-31T12:00:00.123Z WARN  a log was cut offset=5 why=\"torn end\"");
}

TEST(Logger, JsonIsOneObjectPerLine) {
    FixedClock clock;
    LastLine sink;
    Logger(clock, sink, LogFormat::kJson).info("started", {{"port", 9092}});
    EXPECT_EQ(
        sink.line,
        R"({"time":"2026-01-31T12:00:00.123Z","level":"INFO","message":"started","port":"9092"})");
}

TEST(Logger, TextFromOutsideCannotForgeALine) {
    FixedClock clock;
    LastLine sink;
    Logger(clock, sink, LogFormat::kText).info("client", {{"id", "x\nERROR \"forged\""}});
    EXPECT_EQ(sink.line.find('\n'), std::string::npos);
    EXPECT_NE(sink.line.find(R"(id="x\u000aERROR \"forged\"")"), std::string::npos);
}

}  // namespace
}  // namespace millrace
