#include "core/observe/metrics.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {
namespace {

struct MergeInto {
    void operator()(Counter& into, const Counter& from) const { into.add(from.value); }
    void operator()(Gauge& into, const Gauge& from) const { into.add(from.value); }
    void operator()(Histogram& into, const Histogram& from) const { into.merge(from); }

    template <class Left, class Right>
    void operator()(Left&, const Right&) const {
        expect(false, "a metric of the same kind in every shard");
    }
};

MetricId make_id(std::string_view name, MetricLabels labels) {
    std::ranges::sort(labels);
    return {std::string(name), std::move(labels)};
}

}  // namespace

std::uint64_t MetricsSnapshot::total(std::string_view name) const {
    std::uint64_t sum = 0;
    for (const auto& [id, value] : values) {
        const auto* const counter = std::get_if<Counter>(&value);
        if (counter != nullptr && id.name == name) sum += counter->value;
    }
    return sum;
}

void MetricsSnapshot::merge(const MetricsSnapshot& other) {
    for (const auto& [id, value] : other.values) {
        const auto [found, is_new] = values.try_emplace(id, value);
        if (!is_new) std::visit(MergeInto{}, found->second, value);
    }
    help.insert(other.help.begin(), other.help.end());
}

template <class Kind>
Kind& MetricsRegistry::find_or_add(std::string_view name, std::string_view help,
                                   MetricLabels labels) {
    all_.help.try_emplace(std::string(name), help);
    auto& value = all_.values.try_emplace(make_id(name, std::move(labels)), Kind{}).first->second;
    Kind* const kind = std::get_if<Kind>(&value);
    expect(kind != nullptr, "one kind for each metric");
    return *kind;
}

Counter& MetricsRegistry::counter(std::string_view name, std::string_view help,
                                  MetricLabels labels) {
    return find_or_add<Counter>(name, help, std::move(labels));
}

Gauge& MetricsRegistry::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
    return find_or_add<Gauge>(name, help, std::move(labels));
}

Histogram& MetricsRegistry::histogram(std::string_view name, std::string_view help,
                                      MetricLabels labels) {
    return find_or_add<Histogram>(name, help, std::move(labels));
}

void MetricsRegistry::remove(std::string_view name, MetricLabels labels) {
    all_.values.erase(make_id(name, std::move(labels)));
}

std::string_view MetricsRegistry::help_of(std::string_view name) const {
    const auto found = all_.help.find(name);
    return found == all_.help.end() ? std::string_view{} : std::string_view{found->second};
}

}  // namespace millrace
