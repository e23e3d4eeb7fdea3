// Short names of sizes, as cells have them: 512, 64k, 1m.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace millrace::perf {

inline std::string size_name(std::uint64_t bytes) {
    if (bytes >= 1u << 20) return fmt::format("{}m", bytes >> 20);
    if (bytes >= 1u << 10) return fmt::format("{}k", bytes >> 10);
    return fmt::format("{}", bytes);
}

}  // namespace millrace::perf
