#include "core/observe/prometheus.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <iterator>

namespace millrace {
namespace {

// Buckets up to 4 GiB, or 4 seconds in nanoseconds.
constexpr unsigned kPowerMax = 32;

/// In a label's value a quote is escaped too.
void append_escaped(std::string& out, std::string_view text, bool in_label) {
    for (const char each : text) {
        if (each == '\n') {
            out += "\\n";
            continue;
        }
        if (each == '\\' || (in_label && each == '"')) out.push_back('\\');
        out.push_back(each);
    }
}

/// {name="value",...}, or nothing when there are none. `bound` is a bucket's.
std::string labels_of(const MetricId& id, std::string_view bound = {}) {
    std::string text;
    const auto append = [&text](std::string_view name, std::string_view value) {
        text += text.empty() ? '{' : ',';
        text += name;
        text += "=\"";
        append_escaped(text, value, true);
        text += '"';
    };
    for (const auto& [name, value] : id.labels) append(name, value);
    if (!bound.empty()) append("le", bound);
    if (!text.empty()) text += '}';
    return text;
}

class Samples {
public:
    Samples(std::string& out, const MetricId& id) : out_(out), id_(id) {}

    void operator()(const Counter& counter) const { append("", labels_of(id_), counter.value); }
    void operator()(const Gauge& gauge) const { append("", labels_of(id_), gauge.value); }
    void operator()(const Histogram& histogram) const {
        std::array<std::uint64_t, kPowerMax + 1> below{};
        histogram.for_each_bucket([&below](std::int64_t upper_end, std::uint64_t count) {
            const auto power = std::bit_width(static_cast<std::uint64_t>(upper_end));
            if (static_cast<std::size_t>(power) < below.size()) {
                below[static_cast<std::size_t>(power)] += count;
            }
        });
        std::uint64_t so_far = 0;
        for (std::size_t power = 0; power < below.size(); ++power) {
            so_far += below[power];
            const std::uint64_t bound = (std::uint64_t{1} << power) - 1;
            append("_bucket", labels_of(id_, std::to_string(bound)), so_far);
        }
        append("_bucket", labels_of(id_, "+Inf"), histogram.count());
        append("_sum", labels_of(id_), histogram.sum());
        append("_count", labels_of(id_), histogram.count());
    }

private:
    template <class Number>
    void append(std::string_view suffix, std::string_view labels, Number value) const {
        fmt::format_to(std::back_inserter(out_), "{}{}{} {}\n", id_.name, suffix, labels, value);
    }

    std::string& out_;
    const MetricId& id_;
};

std::string_view type_of(const MetricValue& value) {
    if (std::holds_alternative<Counter>(value)) return "counter";
    return std::holds_alternative<Gauge>(value) ? "gauge" : "histogram";
}

}  // namespace

std::string prometheus_text(const MetricsSnapshot& figures) {
    std::string out;
    std::string_view name;
    for (const auto& [id, value] : figures.values) {
        if (id.name != name) {
            name = id.name;
            out += fmt::format("# HELP {} ", name);
            const auto help = figures.help.find(name);
            if (help != figures.help.end()) append_escaped(out, help->second, false);
            out += fmt::format("\n# TYPE {} {}\n", name, type_of(value));
        }
        std::visit(Samples(out, id), value);
    }
    return out;
}

}  // namespace millrace
