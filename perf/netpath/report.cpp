#include "perf/netpath/report.hpp"

#include "perf/common/program.hpp"
#include "perf/common/size_name.hpp"

#include <fmt/format.h>

namespace millrace::netpath {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = __VERSION__;
#else
constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

/// What is known of a cell before it is measured, without the closing brace.
std::string head(const char* kind, const PlannedCell& planned) {
    return fmt::format(R"({{"kind":"{}","id":"{}","round":{},"path":"{}","size":"{}")", kind,
                       planned.id(), planned.round, name(planned.cell.path),
                       perf::size_name(planned.cell.size_bytes));
}

}  // namespace

std::string plan_line(const std::vector<PlannedCell>& plan, const Scale& scale) {
    std::string ids;
    for (const PlannedCell& planned : plan) {
        ids += fmt::format(R"({}"{}")", ids.empty() ? "" : ",", planned.id());
    }
    return fmt::format(R"({{"kind":"plan","seconds":{:.0f},"disk_bytes":{},"ids":[{}]}})",
                       estimated_s(plan, scale), scale.file_bytes, ids);
}

std::string machine_line(const Scale& scale, const perf::Punts& punts, double copy_bytes_per_s) {
    return fmt::format(R"({{"kind":"machine","compiler":{},"file_bytes":{},"receive_bytes":{},)"
                       R"("memory_copy_gb_per_s":{:.3f},"punts_why_not":{}}})",
                       perf::quoted(kCompiler), scale.file_bytes, kReceiveBytes,
                       copy_bytes_per_s / 1e9,
                       punts.why_not().empty() ? "null" : perf::quoted(punts.why_not()));
}

std::string cell_line(const PlannedCell& planned, const Measured& measured) {
    const double mb = static_cast<double>(measured.bytes) / 1e6;
    const double gb = mb / 1e3;
    const std::string punts =
        measured.punts ? fmt::format("{:.4f}", static_cast<double>(*measured.punts) / mb) : "null";
    return head("cell", planned) +
           fmt::format(
               R"(,"bytes":{},"elapsed_s":{:.4f},"mb_per_s":{:.2f},"sender_s_per_gb":{:.5f},)"
               R"("system_s_per_gb":{:.5f},"receiver_s_per_gb":{:.5f},"calls_per_mb":{:.4f},)"
               R"("punts_per_mb":{},"notices":{},"copied":{},"steal_share":{:.4f}}})",
               measured.bytes, measured.elapsed_s, mb / measured.elapsed_s, measured.sender_s / gb,
               measured.system_s / gb, measured.receiver_s / gb,
               static_cast<double>(measured.counts.calls) / mb, punts, measured.counts.notices,
               measured.counts.copied, measured.steal_share);
}

std::string refused_line(const PlannedCell& planned, const std::string& why) {
    return head("refused", planned) + fmt::format(R"(,"why":{}}})", perf::quoted(why));
}

}  // namespace millrace::netpath
