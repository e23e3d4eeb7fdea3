// millrace_access: measures sequential against random access to files in a folder.
#include "perf/access/report.hpp"
#include "perf/common/program.hpp"

#include <system_error>

namespace millrace::access {
namespace {

void measure_one(const PlannedCell& planned, FileSet& set, const Scale& scale,
                 const perf::Punts& punts, std::uint32_t direct_unit) {
    const std::string why = refusal(planned.cell, direct_unit);
    if (!why.empty()) return perf::print(refused_line(planned, why));
    try {
        perf::print(cell_line(planned, measure(planned, set, scale, punts)));
    } catch (const std::system_error& error) {
        perf::print(refused_line(planned, error.what()));
    }
    set.drop_scratch();
}

void run(const perf::Arguments& arguments) {
    const Scale scale = scale_of(arguments.full);
    const perf::Punts punts;
    FileSet set(arguments.folder, scale);
    const std::uint32_t direct_unit = set.direct_unit();
    perf::print(machine_line(direct_unit, punts));
    perf::work_through(arguments, make_plan(scale), [&](const PlannedCell& planned) {
        measure_one(planned, set, scale, punts, direct_unit);
    });
}

std::string plan_line_of(bool full) {
    const Scale scale = scale_of(full);
    return plan_line(make_plan(scale), scale);
}

constexpr perf::Program kProgram{
    "millrace_access", "Sequential against random access to files; prints one JSON object a line.",
    &plan_line_of, &run};

}  // namespace
}  // namespace millrace::access

int main(int argc, char** argv) {
    return millrace::perf::run_program(millrace::access::kProgram, argc, argv);
}
