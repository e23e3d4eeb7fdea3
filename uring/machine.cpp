#include "uring/machine.hpp"

#include <algorithm>
#include <fstream>
#include <sys/sysinfo.h>

namespace millrace {
namespace {

/// The number in a one-line file; nothing reads as no limit.
std::uint64_t limit_in(const std::string& path) {
    std::ifstream file(path);
    std::uint64_t limit = 0;
    return file >> limit ? limit : UINT64_MAX;
}

/// The least limit of the group at `path` and of those that it is in.
std::uint64_t limit_of_group(const std::string& mount, std::string path, const std::string& file) {
    std::uint64_t limit = limit_in(mount + "/" + file);
    while (path.size() > 1) {
        limit = std::min(limit, limit_in(mount + path + "/" + file));
        path.resize(path.rfind('/'));
    }
    return limit;
}

}  // namespace

std::uint64_t usable_memory(const std::string& root) {
    struct sysinfo machine{};
    if (sysinfo(&machine) != 0) return 0;
    std::uint64_t limit = std::uint64_t{machine.totalram} * machine.mem_unit;
    std::ifstream groups(root + "/proc/self/cgroup");
    const std::string mount = root + "/sys/fs/cgroup";
    // "0::/path" is version 2; "4:memory:/path" version 1.
    for (std::string line; std::getline(groups, line);) {
        const auto path = line.rfind(':') + 1;
        if (line.starts_with("0::")) {
            limit = std::min(limit, limit_of_group(mount, line.substr(path), "memory.max"));
        } else if (line.find(":memory:") != std::string::npos) {
            limit = std::min(limit, limit_of_group(mount + "/memory", line.substr(path),
                                                   "memory.limit_in_bytes"));
        }
    }
    return limit;
}

}  // namespace millrace
