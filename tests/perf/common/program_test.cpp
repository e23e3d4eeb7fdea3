#include "perf/common/program.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace millrace::perf {
namespace {

struct Planned {
    std::string name;
    std::string id() const { return name; }
};

/// The ids that are worked through, of a plan of a, b and c.
std::vector<std::string> worked(const Arguments& arguments) {
    std::vector<std::string> ids;
    work_through(arguments, std::vector<Planned>{{"a"}, {"b"}, {"c"}},
                 [&ids](const Planned& planned) { ids.push_back(planned.id()); });
    return ids;
}

TEST(Program, LeavesOutWhatIsDone) {
    const auto file =
        std::filesystem::temp_directory_path() / ("millrace-done-" + std::to_string(::getpid()));
    std::ofstream(file) << "b\nd\n";
    Arguments arguments;
    arguments.done_file = file;
    arguments.until_ns = now_ns() + 60'000'000'000;
    EXPECT_EQ(worked(arguments), (std::vector<std::string>{"a", "c"}));
    std::filesystem::remove(file);
}

TEST(Program, BeginsNothingWhenTheTimeIsUp) { EXPECT_TRUE(worked({}).empty()); }

TEST(Program, QuotesForJson) { EXPECT_EQ(quoted("a \"b\" \\ c\nd"), R"("a \"b\" \\ c d")"); }

}  // namespace
}  // namespace millrace::perf
