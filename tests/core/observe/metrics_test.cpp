#include "core/observe/metrics.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Metrics, SameNameAndLabelsAreTheSameFigure) {
    MetricsRegistry registry;
    Counter& first = registry.counter("requests", "Requests", {{"b", "2"}, {"a", "1"}});
    Counter& again = registry.counter("requests", "Requests", {{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(&first, &again);
    EXPECT_NE(&first, &registry.counter("requests", "Requests", {{"a", "1"}}));
}

TEST(Metrics, ReferencesSurviveGrowth) {
    MetricsRegistry registry;
    Counter& first = registry.counter("m500", "");
    for (int index = 0; index < 1000; ++index) registry.gauge("g" + std::to_string(index), "");
    first.add(3);
    EXPECT_EQ(&first, &registry.counter("m500", ""));
    EXPECT_EQ(registry.counter("m500", "").value, 3u);
}

TEST(Metrics, ShardsAddUp) {
    MetricsRegistry left;
    MetricsRegistry right;
    left.counter("c", "").add(2);
    right.counter("c", "").add(5);
    left.gauge("g", "").set(10);
    right.gauge("g", "").set(-3);
    left.histogram("h", "").record(1);
    right.histogram("h", "").record(100);
    right.counter("only", "on the right").add();

    MetricsSnapshot all = left.snapshot();
    all.merge(right.snapshot());
    EXPECT_EQ(std::get<Counter>(all.values.at({"c", {}})).value, 7u);
    EXPECT_EQ(std::get<Gauge>(all.values.at({"g", {}})).value, 7);
    EXPECT_EQ(std::get<Histogram>(all.values.at({"h", {}})).count(), 2u);
    EXPECT_EQ(std::get<Counter>(all.values.at({"only", {}})).value, 1u);
    EXPECT_EQ(all.help.find("only")->second, "on the right");
    EXPECT_EQ(left.counter("c", "").value, 2u) << "a snapshot is a copy";
}

TEST(Metrics, ATotalIsOverAllLabels) {
    MetricsRegistry registry;
    registry.counter("requests", "", {{"api", "Fetch"}}).add(2);
    registry.counter("requests", "", {{"api", "Produce"}}).add(3);
    registry.counter("requests2", "").add(100);
    EXPECT_EQ(registry.snapshot().total("requests"), 5u);
    EXPECT_EQ(registry.snapshot().total("none"), 0u);
}

TEST(Metrics, VisitsInOrderWithHelp) {
    MetricsRegistry registry;
    registry.gauge("b", "second");
    registry.counter("a", "first", {{"x", "2"}});
    registry.counter("a", "first", {{"x", "1"}});
    std::string seen;
    registry.visit([&](const MetricId& id, const MetricValue&, std::string_view help) {
        seen += id.name + (id.labels.empty() ? "" : id.labels[0].second) + ":";
        seen += help;
        seen += ' ';
    });
    EXPECT_EQ(seen, "a1:first a2:first b:second ");
    registry.remove("a", {{"x", "1"}});
    EXPECT_EQ(registry.snapshot().values.size(), 2u);
}

TEST(MetricsDeathTest, NameHasOneKind) {
    MetricsRegistry registry;
    registry.counter("c", "");
    EXPECT_DEATH(registry.gauge("c", ""), "one kind");
}

}  // namespace
}  // namespace millrace
