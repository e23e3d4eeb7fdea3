// Looks into batches that lie in several parts of memory.
#pragma once

#include "core/runtime/part.hpp"

#include <algorithm>
#include <cstring>

namespace millrace {

/// Copies the bytes from `at` of what `parts` hold together; fewer than asked for at their end.
/// REQUIRES: all of them are in memory.
inline std::size_t copy_out(const Parts& parts, std::size_t at, MutableBytes into) {
    std::size_t copied = 0;
    for (const Part& part : parts) {
        if (at < part.size && copied < into.size()) {
            const std::size_t size = std::min(part.size - at, into.size() - copied);
            std::memcpy(into.data() + copied, part.memory.data() + at, size);
            copied += size;
            at += size;
        }
        at -= std::min(at, part.size);
    }
    return copied;
}

}  // namespace millrace
