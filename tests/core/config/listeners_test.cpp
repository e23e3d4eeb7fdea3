#include "core/config/listeners.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Listeners, HostsAddressesAndAllInterfaces) {
    EXPECT_EQ(parse_endpoint("PLAINTEXT://:9092"), (Endpoint{"", 9092}));
    EXPECT_EQ(parse_endpoint("internal://broker-1.example:0"),
              (Endpoint{"broker-1.example", 0, "INTERNAL"}));
    EXPECT_EQ(parse_endpoint("A://[::1]:65535"), (Endpoint{"::1", 65535, "A"}));
    EXPECT_EQ(parse_endpoint("A://[fe80::1%eth0]:1")->host, "fe80::1%eth0");
}

TEST(Listeners, TextRoundTrips) {
    for (const std::string_view text :
         {"PLAINTEXT://:9092", "A://[::1]:1", "B_2://10.0.0.1:65535", "A.B-C://h:0"}) {
        EXPECT_EQ(parse_endpoint(text)->to_string(), text);
    }
}

TEST(Listeners, WhatIsNoneIsRefused) {
    for (const std::string_view text :
         {"", "PLAINTEXT", "PLAINTEXT://", "PLAINTEXT://host", "PLAINTEXT://host:", "://host:1",
          "A://host:65536", "A://host:-1", "A://host:1x", "A://::1:9092", "A://[::1:9092",
          "A://[]:1", "A B://h:1", "A://h h:1", "A://h/:1"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(Listeners, TheProtocolMapKnowsKafkasProtocolsOnly) {
    const auto map = parse_protocol_map("internal:plaintext, EXTERNAL:SASL_SSL");
    ASSERT_TRUE(map.has_value());
    EXPECT_EQ(map->at("INTERNAL"), "PLAINTEXT");
    EXPECT_EQ(map->at("EXTERNAL"), "SASL_SSL");
    EXPECT_FALSE(parse_protocol_map("A:TLS"));
    EXPECT_FALSE(parse_protocol_map("A"));
    EXPECT_EQ(parse_protocol_map("A:SSL,a:PLAINTEXT")->at("A"), "PLAINTEXT");
}

}  // namespace
}  // namespace millrace
