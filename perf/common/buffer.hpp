// Memory that is measured with: aligned, touched, and full of what nothing can compress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace millrace::perf {

struct FreeAligned {
    void operator()(char* bytes) const { std::free(bytes); }
};
using Buffer = std::unique_ptr<char, FreeAligned>;

/// Page-aligned and touched, so that no cell pays for the first use of its memory.
Buffer make_buffer(std::size_t size);

/// Bytes that no device can compress or recognise, the same in each run.
void fill_with_noise(void* bytes, std::size_t size, std::uint64_t seed);

}  // namespace millrace::perf
