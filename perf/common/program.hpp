// What the programs of the harnesses do alike: they tell their plan, or work through the cells of
// it that aren't done yet, and print one JSON object a line.
#pragma once

#include "perf/common/time_used.hpp"

#include <set>
#include <string>
#include <vector>

namespace millrace::perf {

struct Arguments {
    std::string folder;
    std::string done_file;
    bool full{};
    std::int64_t until_ns{};  // no cell is begun later
};

struct Program {
    const char* name;
    const char* describes;
    std::string (*plan_line)(bool full);
    void (*run)(const Arguments& arguments);  // may throw
};

/// Returns what main() does.
int run_program(const Program& program, int argc, char** argv);

/// At once, so that a run that ends early has lost nothing.
void print(const std::string& line);

/// The lines of a file; none where there is no file.
std::set<std::string> ids_in(const std::string& file);

/// As a string of JSON.
std::string quoted(const std::string& text);

/// Does `measure` with each cell whose id isn't done, until the time is up, and says how many are
/// left.
template <class PlannedCell, class Measure>
void work_through(const Arguments& arguments, const std::vector<PlannedCell>& plan,
                  Measure measure) {
    const std::set<std::string> done = ids_in(arguments.done_file);
    std::size_t left = 0;
    for (const PlannedCell& planned : plan) {
        if (done.contains(planned.id())) continue;
        if (now_ns() < arguments.until_ns) {
            measure(planned);
        } else {
            ++left;
        }
    }
    print(R"({"kind":"end","left":)" + std::to_string(left) + "}");
}

}  // namespace millrace::perf
