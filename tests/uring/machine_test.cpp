#include "uring/machine.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace millrace {
namespace {

class UsableMemory : public testing::Test {
protected:
    UsableMemory() {
        std::string pattern = testing::TempDir() + "/machine_XXXXXX";
        root_ = mkdtemp(pattern.data());
    }
    ~UsableMemory() override { std::filesystem::remove_all(root_); }

    void put(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = root_ + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text << "\n";
    }

    std::string root_;
};

TEST_F(UsableMemory, IsTheMachinesWithoutAGroup) {
    EXPECT_GT(usable_memory(root_), 64u << 20);
    put("/proc/self/cgroup", "0::/service");
    put("/sys/fs/cgroup/service/memory.max", "max");
    EXPECT_GT(usable_memory(root_), 64u << 20);
}

TEST_F(UsableMemory, IsTheLeastLimitOfTheGroupsAround) {
    put("/proc/self/cgroup", "0::/pod/service");
    put("/sys/fs/cgroup/pod/memory.max", "50000000");
    put("/sys/fs/cgroup/pod/service/memory.max", "60000000");
    EXPECT_EQ(usable_memory(root_), 50'000'000u);
    put("/sys/fs/cgroup/memory.max", "40000000");
    EXPECT_EQ(usable_memory(root_), 40'000'000u);
}

TEST_F(UsableMemory, KnowsTheOlderGroups) {
    put("/proc/self/cgroup", "5:cpu:/a\n4:memory:/a");
    put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "70000000");
    EXPECT_EQ(usable_memory(root_), 70'000'000u);
}

}  // namespace
}  // namespace millrace
