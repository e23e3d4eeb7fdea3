#include "cluster/server/http_head.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace millrace {
namespace {

using State = HttpHead::State;

HttpHead parse(std::string_view text) { return parse_http_head(std::as_bytes(std::span(text))); }

TEST(HttpHead, IsWholeAtTheEmptyLineAndNotBefore) {
    const std::string_view text = "GET /metrics?a=b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_EQ(parse(text.substr(0, size)).state, State::kIncomplete) << size;
    }
    const HttpHead head = parse(text);
    EXPECT_EQ(head.state, State::kWhole);
    EXPECT_EQ(head.method, "GET");
    EXPECT_EQ(head.target, "/metrics?a=b");
}

TEST(HttpHead, WhatFollowsItIsLeftAlone) {
    const HttpHead head = parse("POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(head.state, State::kWhole);
    EXPECT_EQ(head.method, "POST");
}

TEST(HttpHead, OtherBytesAreNoHead) {
    EXPECT_EQ(parse("\x16\x03\x01\x02 hello, TLS").state, State::kMalformed);
    EXPECT_EQ(parse("GET /\r\n\r\n").state, State::kMalformed);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nno colon\r\n\r\n").state, State::kMalformed);
    EXPECT_EQ(parse("GET / HTTP/3.0\r\n\r\n").state, State::kMalformed);
}

}  // namespace
}  // namespace millrace
