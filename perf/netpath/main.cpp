// millrace_netpath: measures the ways of a log's bytes from its file to a socket.
#include "perf/common/program.hpp"
#include "perf/netpath/report.hpp"

#include <csignal>
#include <system_error>

namespace millrace::netpath {
namespace {

/// The first cell would pay for what all use: the socket's memory, the processor's frequency.
void warm_up(const Source& source, const Receiver& receiver, const perf::Punts& punts) {
    constexpr double kSeconds = 0.3;
    measure({Path::kSendfile, 64 << 10}, source, receiver, punts, kSeconds);
}

void run(const perf::Arguments& arguments) {
    const Scale scale = scale_of(arguments.full);
    // sendfile and splice have no flag against it.
    std::signal(SIGPIPE, SIG_IGN);
    const Receiver receiver;
    const perf::Punts punts;
    const Source source(arguments.folder, scale.file_bytes);
    perf::print(machine_line(scale, punts, memory_copy_bytes_per_s(source)));
    warm_up(source, receiver, punts);
    perf::work_through(arguments, make_plan(scale), [&](const PlannedCell& planned) {
        try {
            perf::print(cell_line(planned,
                                  measure(planned.cell, source, receiver, punts, scale.measure_s)));
        } catch (const std::system_error& error) {
            perf::print(refused_line(planned, error.what()));
        }
    });
}

std::string plan_line_of(bool full) {
    const Scale scale = scale_of(full);
    return plan_line(make_plan(scale), scale);
}

constexpr perf::Program kProgram{"millrace_netpath",
                                 "The ways from a file to a socket; prints one JSON object a line.",
                                 &plan_line_of, &run};

}  // namespace
}  // namespace millrace::netpath

int main(int argc, char** argv) {
    return millrace::perf::run_program(millrace::netpath::kProgram, argc, argv);
}
