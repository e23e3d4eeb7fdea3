#include "core/observe/prometheus.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Prometheus, EveryNameHasItsHelpAndTypeOnce) {
    MetricsRegistry registry;
    registry.counter("requests_total", "Requests", {{"api", "Fetch"}}).add(3);
    registry.counter("requests_total", "Requests", {{"api", "Produce"}}).add(4);
    registry.gauge("connections", "Open ones").set(-2);
    EXPECT_EQ(prometheus_text(registry.snapshot()),
              "# HELP connections Open ones\n"
              "# TYPE connections gauge\n"
              "connections -2\n"
              "# HELP requests_total Requests\n"
              "# TYPE requests_total counter\n"
              "requests_total{api=\"Fetch\"} 3\n"
              "requests_total{api=\"Produce\"} 4\n");
}

TEST(Prometheus, WhatWouldEndALineOrAValueIsEscaped) {
    MetricsRegistry registry;
    registry.counter("c", "one\ntwo \\ \"three\"", {{"path", "a\\b\"c\nd"}});
    EXPECT_EQ(prometheus_text(registry.snapshot()),
              "# HELP c one\\ntwo \\\\ \"three\"\n"
              "# TYPE c counter\n"
              "c{path=\"a\\\\b\\\"c\\nd\"} 0\n");
}

TEST(Prometheus, BucketsAddUpAndEndBelowPowersOfTwo) {
    MetricsRegistry registry;
    Histogram& sizes = registry.histogram("sizes", "Sizes", {{"kind", "x"}});
    for (const std::int64_t value : {0, 1, 1, 63, 64, 1000}) sizes.record(value);
    sizes.record(std::int64_t{1} << 40);
    const std::string text = prometheus_text(registry.snapshot());
    EXPECT_TRUE(contains(text, "# TYPE sizes histogram\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"0\"} 1\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"1\"} 3\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"63\"} 4\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"127\"} 5\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"1023\"} 6\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"4294967295\"} 6\n"));
    EXPECT_TRUE(contains(text, "sizes_bucket{kind=\"x\",le=\"+Inf\"} 7\n"));
    EXPECT_TRUE(contains(text, "sizes_count{kind=\"x\"} 7\n"));
    EXPECT_TRUE(contains(text, "sizes_sum{kind=\"x\"} 1099511628905\n"));
}

}  // namespace
}  // namespace millrace
