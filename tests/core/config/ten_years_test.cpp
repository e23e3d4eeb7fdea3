// A file as it is after ten years of upgrades: the broker starts with it, and each of its keys is
// effective or named.
#include "core/config/broker_keys.hpp"
#include "core/config/config.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace millrace {
namespace {

Properties ten_years() {
    std::ifstream file(MILLRACE_TEN_YEARS);
    std::stringstream text;
    text << file.rdbuf();
    return parse_properties(text.str()).value();
}

bool is_named(const ConfigReading& reading, const std::string& key) {
    if ((", " + reading.harmless + ",").find(", " + key + ",") != std::string::npos) return true;
    for (const std::string& warning : reading.warnings) {
        if (warning.starts_with(key + " has no effect here")) return true;
    }
    return false;
}

TEST(TenYears, EachKeyIsEffectiveOrNamed) {
    const Properties given = ten_years();
    EXPECT_EQ(given.size(), 81u);
    const ConfigReading reading = read_config(given);
    EXPECT_EQ(reading.problems, std::vector<std::string>());
    for (const auto& [name, value] : given) {
        const KeyDescription* const key = find_broker_key(name);
        const bool is_effective = key != nullptr && key->effect == KeyEffect::kEffective;
        const bool is_default =
            key != nullptr &&
            (value.empty() || canonical_value(key->type, value) == key->default_value);
        EXPECT_TRUE(is_effective || is_default || is_named(reading, name)) << name;
    }
}

TEST(TenYears, WhatCountsIsRead) {
    const Properties given = ten_years();
    EXPECT_EQ(given.at("log.dirs"), "@LOG_DIRS@");
    EXPECT_EQ(given.at("ssl.keystore.location"), "/etc/kafka/old-jks with blanks.jks");
    EXPECT_EQ(given.at("a.key.alone"), "");
    const BrokerConfig config = read_config(given).config;
    EXPECT_EQ(config.broker_id, 7);
    EXPECT_EQ(config.num_partitions, 3);
    EXPECT_EQ(config.topic.retention_ms, std::int64_t{20160} * 60'000);
    EXPECT_EQ(config.topic.segment_ms, std::int64_t{24} * 3'600'000);
    EXPECT_EQ(config.topic.segment_jitter_ms, std::int64_t{2} * 3'600'000);
    EXPECT_EQ(config.topic.flush_messages, 10'000);
}

TEST(TenYears, TheSlipIsGuessed) {
    const auto warnings = read_config(ten_years()).warnings;
    EXPECT_NE(std::find(warnings.begin(), warnings.end(),
                        "log.retenton.bytes has no effect here; did you mean "
                        "log.retention.bytes?"),
              warnings.end());
}

}  // namespace
}  // namespace millrace
