// What this machine, or the container on it, has.
#pragma once

#include <cstdint>
#include <string>

namespace millrace {

/// Bytes of memory that this process may use: the machine's, or its control group's if that is
/// less. `root` is where the machine's files are looked for: "/".
std::uint64_t usable_memory(const std::string& root);

}  // namespace millrace
