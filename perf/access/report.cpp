#include "perf/access/report.hpp"

#include "core/observe/histogram.hpp"
#include "perf/common/program.hpp"

#include <fmt/format.h>

namespace millrace::access {
namespace {

const char* name(Part part) {
    switch (part) {
        case Part::kPair: return "pair";
        case Part::kAxis: return "axis";
        case Part::kMap: break;
    }
    return "map";
}

/// What is known of a cell before it is measured, without the closing brace.
std::string head(const char* kind, const PlannedCell& planned) {
    const Cell& cell = planned.cell;
    return fmt::format(R"({{"kind":"{}","id":"{}","round":{},"part":"{}","base":"{}","axis":"{}",)"
                       R"("operation":"{}","pattern":"{}","files":{},"size_bytes":{},"depth":{},)"
                       R"("engine":"{}","sync":"{}","cache":"{}","layout":"{}")",
                       kind, planned.id(), planned.round, name(planned.part), planned.base,
                       planned.axis, access::name(cell.operation), pattern_name(cell), cell.files,
                       cell.size_bytes, cell.depth, access::name(cell.engine),
                       access::name(cell.sync), access::name(cell.cache),
                       access::name(cell.layout));
}

}  // namespace

std::string plan_line(const std::vector<PlannedCell>& plan, const Scale& scale) {
    std::string ids;
    for (const PlannedCell& planned : plan) {
        ids += fmt::format(R"({}"{}")", ids.empty() ? "" : ",", planned.id());
    }
    std::string named;
    for (const Base& base : bases()) {
        named += fmt::format(R"({}"{}":"{}")", named.empty() ? "" : ",", base.name,
                             access::name(base.cell));
    }
    const std::uint64_t bytes =
        scale.written_bytes + (scale.full ? 3 : 0) * scale.written_many_bytes + scale.scratch_bytes;
    return fmt::format(
        R"({{"kind":"plan","seconds":{:.0f},"disk_bytes":{},"bases":{{{}}},"ids":[{}]}})",
        estimated_s(plan, scale), bytes, named, ids);
}

std::string machine_line(std::uint32_t direct_unit, const perf::Punts& punts) {
    return fmt::format(
        R"({{"kind":"machine","direct_unit":{},"punts_why_not":{},"latency_error":{:.4f}}})",
        direct_unit, punts.why_not().empty() ? "null" : perf::quoted(punts.why_not()),
        Histogram::kErrorMax);
}

std::string cell_line(const PlannedCell& planned, const Measured& measured) {
    const auto operations = static_cast<double>(measured.operations);
    const double mb = operations * planned.cell.size_bytes / 1e6;
    const std::string punts = measured.punts_per_operation
                                  ? fmt::format("{:.4f}", *measured.punts_per_operation)
                                  : "null";
    return head("cell", planned) +
           fmt::format(
               R"(,"operations":{},"elapsed_s":{:.4f},"mb_per_s":{:.3f},"iops":{:.1f},)"
               R"("p50_us":{:.2f},"p99_us":{:.2f},"cpu_us_per_op":{:.3f},"punts_per_op":{},)"
               R"("settle_s":{:.4f},"steal_share":{:.4f},"ended_early":{}}})",
               measured.operations, measured.elapsed_s, mb / measured.elapsed_s,
               operations / measured.elapsed_s, measured.p50_us, measured.p99_us,
               measured.cpu_us_per_operation, punts, measured.settle_s, measured.steal_share,
               measured.ended_early);
}

std::string refused_line(const PlannedCell& planned, const std::string& why) {
    return head("refused", planned) + fmt::format(R"(,"why":{}}})", perf::quoted(why));
}

}  // namespace millrace::access
