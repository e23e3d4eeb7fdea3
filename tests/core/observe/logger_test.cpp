#include "core/observe/logger.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace millrace {
namespace {

struct Lines final : LogSink {
    std::vector<std::string> lines;
    void write(std::string_view line) override { lines.emplace_back(line); }
};

std::string line_of(LogLineFormat format, std::string_view message,
                    std::initializer_list<LogField> fields) {
    Lines sink;
    Logger logger(sink, [] { return std::int64_t{1'709'210'096'007}; }, {.format = format});
    logger.info(message, fields);
    return sink.lines.at(0);
}

TEST(Logger, WritesTextForPeople) {
    const std::string path = "/var/lib/my logs";
    EXPECT_EQ(line_of(LogLineFormat::kText, "log opened",
                      {{"topic", "orders"},
                       {"partition", 3},
                       {"path", path},
                       {"ratio", 0.5},
                       {"clean", true},
                       {"size", std::uint64_t{1} << 63},
                       {"empty", ""}}),
              "2024-02-29T12:34:56.007Z INFO  log opened topic=orders partition=3 "
              "path=\"/var/lib/my logs\" ratio=0.5 clean=true size=9223372036854775808 empty=\"\"");
}

TEST(Logger, WritesJsonForMachines) {
    EXPECT_EQ(line_of(LogLineFormat::kJson, "log opened",
                      {{"topic", "a\"b\\c"}, {"partition", -3}, {"clean", false}}),
              "{\"time\":\"2024-02-29T12:34:56.007Z\",\"level\":\"INFO\","
              "\"message\":\"log opened\",\"topic\":\"a\\\"b\\\\c\",\"partition\":-3,"
              "\"clean\":false}");
}

TEST(Logger, JsonHasNoNumberForInfinity) {
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_TRUE(line_of(LogLineFormat::kJson, "m", {{"v", infinity}}).ends_with("\"v\":null}"));
}

TEST(Logger, ControlCharactersNeverReachTheLine) {
    std::string hostile;
    for (int byte = 0; byte < 256; ++byte) hostile.push_back(static_cast<char>(byte));
    hostile +=
        "\xc2\x9b"
        "31m\xe2\x80\xa8";  // C1's control sequence introducer, line separator
    for (const LogLineFormat format : {LogLineFormat::kText, LogLineFormat::kJson}) {
        const std::string line = line_of(format, hostile, {{hostile, hostile}});
        for (const char c : line) {
            EXPECT_GE(static_cast<unsigned char>(c), 0x20);
            EXPECT_LT(static_cast<unsigned char>(c), 0x7f)
                << "no letter beyond ASCII is valid here";
        }
    }
}

TEST(Logger, EscapesByName) {
    EXPECT_TRUE(line_of(LogLineFormat::kText, "m", {{"v", "a\nb\tc\x1b"}})
                    .ends_with("v=\"a\\nb\\tc\\u001b\""));
    EXPECT_TRUE(line_of(LogLineFormat::kText, "m", {{"v", "\xff"}}).ends_with("v=\"\\xff\""));
    EXPECT_TRUE(
        line_of(LogLineFormat::kJson, "m", {{"v", "\xff"}}).ends_with("\"v\":\"\\ufffd\"}"));
    EXPECT_TRUE(line_of(LogLineFormat::kText, "two\nlines", {}).ends_with("\"two\\nlines\""));
}

TEST(Logger, KeepsValidUtf8AndRefusesFalse) {
    EXPECT_TRUE(line_of(LogLineFormat::kJson, "m", {{"v", "\xc3\xa9\xf0\x9f\x98\x80"}})
                    .ends_with("\"v\":\"\xc3\xa9\xf0\x9f\x98\x80\"}"));
    // Overlong, half of a pair, beyond the last letter, cut off.
    for (const std::string_view text : {"\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
        EXPECT_NE(line_of(LogLineFormat::kJson, "m", {{"v", text}}).find("\\ufffd"),
                  std::string::npos);
}

TEST(Logger, LeavesOutWhatIsBelowItsLevel) {
    Lines sink;
    Logger logger(sink, [] { return std::int64_t{0}; }, {.least = LogLevel::kWarn});
    logger.info("not this");
    logger.error("this");
    EXPECT_EQ(sink.lines, std::vector<std::string>{"1970-01-01T00:00:00.000Z ERROR this"});
    EXPECT_FALSE(logger.is_on(LogLevel::kInfo));
    logger.set_least(LogLevel::kDebug);
    logger.debug("and this");
    EXPECT_EQ(sink.lines.size(), 2u);
}

}  // namespace
}  // namespace millrace
