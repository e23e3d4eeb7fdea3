#include "cluster/tools/json_text.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(JsonText, CommasStandBetweenValuesOnly) {
    JsonText json;
    json.begin_object();
    json.field("a", 1);
    json.key("b");
    json.begin_array();
    json.value("x");
    json.value(true);
    json.begin_object();
    json.end_object();
    json.null();
    json.end_array();
    json.null_field("c");
    json.end_object();
    EXPECT_EQ(json.text(), R"({"a":1,"b":["x",true,{},null],"c":null})");
}

TEST(JsonText, ATextThatEndsLikeABracketIsStillAText) {
    JsonText json;
    json.begin_array();
    json.value("{");
    json.value(":");
    json.end_array();
    EXPECT_EQ(json.text(), R"(["{",":"])");
}

TEST(JsonText, QuotesAndControlCharactersAreEscaped) {
    std::string out;
    append_json(out, "a\"b\\c\n");
    EXPECT_EQ(out, R"("a\"b\\c\u000a")");
}

TEST(JsonText, BytesThatAreNoTextComeInBase64) {
    JsonText json;
    json.begin_object();
    json.bytes_field("t", as_bytes("t\xc3\xa4"));
    json.bytes_field("b", as_bytes("\xff"));
    json.end_object();
    EXPECT_EQ(json.text(), "{\"t\":\"t\xc3\xa4\",\"b_base64\":\"/w==\"}");
}

TEST(JsonText, WhatUtf8DoesNotAllowIsNone) {
    EXPECT_TRUE(is_utf8(as_bytes("")));
    EXPECT_TRUE(is_utf8(as_bytes("\xf4\x8f\xbf\xbf")));
    for (const std::string_view each :
         {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5"}) {
        EXPECT_FALSE(is_utf8(as_bytes(each)));
    }
}

}  // namespace
}  // namespace millrace
