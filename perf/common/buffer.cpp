#include "perf/common/buffer.hpp"

#include "perf/common/fail.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

namespace millrace::perf {

Buffer make_buffer(std::size_t size) {
    constexpr std::size_t kPage = 4096;
    const std::size_t whole = (size + kPage - 1) / kPage * kPage;
    Buffer buffer(static_cast<char*>(std::aligned_alloc(kPage, whole)));
    if (!buffer) fail("memory for the buffers", ENOMEM);
    fill_with_noise(buffer.get(), whole, size);
    return buffer;
}

void fill_with_noise(void* bytes, std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    auto* at = static_cast<char*>(bytes);
    for (std::size_t done = 0; done < size; done += sizeof(std::uint64_t)) {
        const std::uint64_t noise = random();
        std::memcpy(at + done, &noise, std::min(sizeof noise, size - done));
    }
}

}  // namespace millrace::perf
