#include "bench/load/report.hpp"

#include <fmt/format.h>

namespace millrace::bench {
namespace {

std::string latency_of(const Histogram& latency_ns) {
    if (latency_ns.count() == 0) return "null";
    const auto us = [&latency_ns](double share) {
        return static_cast<double>(latency_ns.value_at(share)) / 1e3;
    };
    return fmt::format(R"({{"answers":{},"p50":{:.1f},"p95":{:.1f},"p99":{:.1f},"p999":{:.1f},)"
                       R"("max":{:.1f},"error_share":{:.4f}}})",
                       latency_ns.count(), us(0.5), us(0.95), us(0.99), us(0.999),
                       static_cast<double>(latency_ns.max()) / 1e3, Histogram::kErrorMax);
}

std::string errors_of(const Tally& tally) {
    std::string text;
    for (const auto& [code, count] : tally.errors) {
        text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",",
                            name_of(static_cast<ErrorCode>(code)), count);
    }
    return '{' + text + '}';
}

std::string acks_of(const Shape& shape) {
    return shape.acks == -1 ? "all" : std::to_string(shape.acks);
}

}  // namespace

std::string result_line(const Shape& shape, const Circumstances& circumstances,
                        const Tally& tally) {
    const std::uint64_t bytes = tally.records * shape.record_bytes;
    return fmt::format(
        R"({{"kind":"result","acks":"{}","producers":{},"connections":{},"partitions":{},)"
        R"("rate":{:.1f},"seconds":{:.3f},"records":{},"bytes":{},"batches":{},"requests":{},)"
        R"("records_per_s":{:.1f},"mb_per_s":{:.3f},"latency_us":{},"cpu_s":{:.3f},)"
        R"("records_in_all":{},"requests_unsent":{},"errors":{}}})"
        "\n",
        acks_of(shape), shape.producers, circumstances.connections, circumstances.partitions,
        shape.rate, shape.seconds, tally.records, bytes, tally.batches, tally.requests,
        static_cast<double>(tally.records) / shape.seconds,
        static_cast<double>(bytes) / 1e6 / shape.seconds, latency_of(tally.latency_ns),
        circumstances.cpu_s, tally.records_in_all, tally.requests_unsent, errors_of(tally));
}

}  // namespace millrace::bench
