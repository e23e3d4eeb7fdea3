// A numeric address in the words of the Java brokers, which describe a client by where it has come
// from.
#include "cluster/handlers/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

std::vector<std::string> groups_of(std::string_view text) {
    std::vector<std::string> groups;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(':'), text.size());
        if (end > 0) groups.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return groups;
}

/// All eight groups, where others leave a run of zeros out.
std::string spelled_out(std::string_view address) {
    constexpr std::size_t kGroups = 8;
    const std::size_t gap = address.find("::");
    std::vector<std::string> groups = groups_of(address.substr(0, gap));
    if (gap != std::string_view::npos) {
        const std::vector<std::string> behind = groups_of(address.substr(gap + 2));
        const std::size_t known = std::min(groups.size() + behind.size(), kGroups);
        groups.insert(groups.end(), kGroups - known, "0");
        groups.insert(groups.end(), behind.begin(), behind.end());
    }
    return fmt::format("{}", fmt::join(groups, ":"));
}

}  // namespace

std::string java_address(std::string_view address) {
    const bool is_six = address.find(':') != std::string_view::npos;
    return "/" + (is_six ? spelled_out(address) : std::string(address));
}

}  // namespace millrace
