// millrace_access: measures sequential against random access to files in a folder.
#include "perf/access/engine.hpp"
#include "perf/access/report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <system_error>

namespace millrace::access {
namespace {

struct Arguments {
    std::string folder;
    std::string done_file;
    bool full{};
    bool only_plan{};
    double seconds_max{4800};
};

void print(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

std::set<std::string> ids_in(const std::string& file) {
    std::set<std::string> ids;
    std::ifstream lines(file);
    for (std::string id; std::getline(lines, id);) ids.insert(id);
    return ids;
}

void measure_one(const PlannedCell& planned, FileSet& set, const Scale& scale, const Punts& punts,
                 std::uint32_t direct_unit) {
    const std::string why = refusal(planned.cell, direct_unit);
    if (!why.empty()) return print(refused_line(planned, why));
    try {
        print(cell_line(planned, measure(planned, set, scale, punts)));
    } catch (const std::system_error& error) {
        print(refused_line(planned, error.what()));
    }
    set.drop_scratch();
}

void run(const Arguments& arguments, const std::vector<PlannedCell>& plan, const Scale& scale) {
    const std::int64_t until_ns = now_ns() + static_cast<std::int64_t>(arguments.seconds_max * 1e9);
    const std::set<std::string> done = ids_in(arguments.done_file);
    std::vector<PlannedCell> wanted;
    for (const PlannedCell& planned : plan) {
        if (!done.contains(planned.id())) wanted.push_back(planned);
    }
    const Punts punts;
    FileSet set(arguments.folder, scale);
    const std::uint32_t direct_unit = set.direct_unit();
    print(machine_line(direct_unit, punts));
    std::size_t measured = 0;
    for (; measured < wanted.size() && now_ns() < until_ns; ++measured) {
        measure_one(wanted[measured], set, scale, punts, direct_unit);
    }
    print(end_line(wanted.size() - measured));
}

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Sequential against random access to files; prints one JSON object a line.");
    app.add_option("--dir", arguments.folder, "makes its files in a folder below this one");
    app.add_option("--done", arguments.done_file, "a file with the ids of cells to leave out");
    app.add_flag("--full", arguments.full, "all cells, not the few that fit a minute");
    app.add_flag("--plan", arguments.only_plan, "only say which cells, how long, and on how much");
    app.add_option("--seconds", arguments.seconds_max, "begin no cell after that long");
    CLI11_PARSE(app, argc, argv);
    const Scale scale = scale_of(arguments.full);
    const std::vector<PlannedCell> plan = make_plan(scale);
    if (arguments.only_plan) {
        print(plan_line(plan, scale));
        return 0;
    }
    if (arguments.folder.empty()) {
        fmt::print(stderr, "millrace_access: it needs a --dir to make its files in\n");
        return 2;
    }
    try {
        run(arguments, plan, scale);
    } catch (const std::exception& error) {
        fmt::print(stderr, "millrace_access: {}\n", error.what());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace millrace::access

int main(int argc, char** argv) { return millrace::access::main(argc, argv); }
