#include "perf/common/program.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace millrace::perf {

int run_program(const Program& program, int argc, char** argv) {
    Arguments arguments;
    bool only_plan = false;
    double seconds_max = 4800;
    CLI::App app(program.describes);
    app.add_option("--dir", arguments.folder, "makes its files in a folder below this one");
    app.add_option("--done", arguments.done_file, "a file with the ids of cells to leave out");
    app.add_flag("--full", arguments.full, "all cells, not the few that fit a short run");
    app.add_flag("--plan", only_plan, "only say which cells, how long, and on how much");
    app.add_option("--seconds", seconds_max, "begin no cell after that long");
    CLI11_PARSE(app, argc, argv);
    if (only_plan) {
        print(program.plan_line(arguments.full));
        return 0;
    }
    if (arguments.folder.empty()) {
        fmt::print(stderr, "{}: it needs a --dir to make its files in\n", program.name);
        return 2;
    }
    arguments.until_ns = now_ns() + static_cast<std::int64_t>(seconds_max * 1e9);
    try {
        program.run(arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", program.name, error.what());
        return 1;
    }
    return 0;
}

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

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + '"';
}

}  // namespace millrace::perf
