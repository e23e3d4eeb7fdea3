// The figures of one shard: plain counters, gauges and histograms, named and labelled. A shard
// hands out copies, and whoever exports adds up those of all shards; nothing here is locked.
#pragma once

#include "core/observe/histogram.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace {

/// Only rises.
struct Counter {
    std::uint64_t value = 0;
    void add(std::uint64_t amount = 1) noexcept { value += amount; }
};

/// Rises and falls; the gauges of several shards are added up.
struct Gauge {
    std::int64_t value = 0;
    void set(std::int64_t now) noexcept { value = now; }
    void add(std::int64_t amount) noexcept { value += amount; }
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

struct MetricId {
    std::string name;
    MetricLabels labels;  // sorted by name

    auto operator<=>(const MetricId&) const = default;
};

using MetricValue = std::variant<Counter, Gauge, Histogram>;

/// What a registry held at one moment, in the order of names and labels.
struct MetricsSnapshot {
    std::map<MetricId, MetricValue> values;
    std::map<std::string, std::string, std::less<>> help;

    /// The sum of the counters of this name, whatever their labels; 0 when there is none.
    std::uint64_t total(std::string_view name) const;

    /// Adds the figures of another shard. REQUIRES that a name has the same kind in both.
    void merge(const MetricsSnapshot& other);
};

/// Owns the figures of one shard and lives as long as it does. References stay valid; asking again
/// for the same name and labels gives the same figure. REQUIRES one kind for each name.
class MetricsRegistry {
public:
    Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, MetricLabels labels = {});

    /// For a part that goes away, such as a partition that moved. References to the figure end.
    void remove(std::string_view name, MetricLabels labels);

    MetricsSnapshot snapshot() const { return all_; }

    /// Calls `visit(id, value, help)` for each figure in order.
    template <class Visit>
    void visit(Visit each) const {
        for (const auto& [id, value] : all_.values) each(id, value, help_of(id.name));
    }

private:
    template <class Kind>
    Kind& find_or_add(std::string_view name, std::string_view help, MetricLabels labels);
    std::string_view help_of(std::string_view name) const;

    MetricsSnapshot all_;
};

}  // namespace millrace
