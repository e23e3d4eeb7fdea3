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
    Logger(clock, sink, LogFormat::kJson).info("started", {{"port", 9092}, {"clean", true}});
    EXPECT_EQ(
        sink.line,
        R"({"time":"2026-01-31T12:00:00.123Z","level":"INFO","message":"started","port":9092,"clean":true})");
}

TEST(Logger, LinesBelowTheLeastLevelAreDropped) {
    FixedClock clock;
    LastLine sink;
    Logger quiet = Logger(clock, sink, LogFormat::kText, LogLevel::kWarn).on(clock);
    quiet.info("started");
    EXPECT_EQ(sink.line, "");
    quiet.warn("slow");
    EXPECT_NE(sink.line, "");
}

TEST(Logger, TextFromOutsideCannotForgeALine) {
    FixedClock clock;
    LastLine sink;
    Logger(clock, sink, LogFormat::kText).info("client", {{"id", "x\nERROR \"forged\""}});
    EXPECT_EQ(sink.line.find('\n'), std::string::npos);
    EXPECT_NE(sink.line.find(R"(id="x\u000aERROR \"forged\"")"), std::string::npos);
}

TEST(Logger, ControlCharactersNeverReachTheLine) {
    std::string hostile;
    for (int byte = 0; byte < 256; ++byte) hostile.push_back(static_cast<char>(byte));
    // C1's control sequence introducer and a line separator.
    hostile += "\xc2\x9b[31m\xe2\x80\xa8";
    for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
        FixedClock clock;
        LastLine sink;
        Logger(clock, sink, format).info(hostile, {{"value", hostile}});
        for (const char each : sink.line) {
            EXPECT_GE(static_cast<unsigned char>(each), 0x20);
            EXPECT_LT(static_cast<unsigned char>(each), 0x7f) << "nothing else is valid UTF-8 here";
        }
    }
}

TEST(Logger, ValidUtf8StaysAndFalseDoesNot) {
    FixedClock clock;
    LastLine sink;
    Logger logger(clock, sink, LogFormat::kJson);
    logger.info("m", {{"v", "\xc3\xa9\xf0\x9f\x98\x80"}});
    EXPECT_TRUE(sink.line.ends_with("\"v\":\"\xc3\xa9\xf0\x9f\x98\x80\"}"));
    // Overlong, half of a pair, beyond the last letter, cut off.
    for (const std::string_view text :
         {"\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
        logger.info("m", {{"v", text}});
        EXPECT_NE(sink.line.find("\\ufffd"), std::string::npos);
    }
}

}  // namespace
}  // namespace millrace
