#include "core/base/copy.hpp"

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace millrace {

#if defined(__SSE2__)

namespace {

constexpr std::size_t kLineBytes = 64;
// Less isn't worth the fence, and may be read at once.
constexpr std::size_t kBytesMin = 16 * kLineBytes;

void store_line(std::byte* to, const std::byte* from) {
    for (std::size_t at = 0; at < kLineBytes; at += sizeof(__m128i)) {
        const __m128i value = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + at), value);
    }
}

}  // namespace

void copy_past_caches(std::byte* to, const std::byte* from, std::size_t size) {
    std::size_t at = 0;
    if (size >= kBytesMin) {
        at = -reinterpret_cast<std::uintptr_t>(to) % kLineBytes;
        std::memcpy(to, from, at);
        for (; size - at >= kLineBytes; at += kLineBytes) store_line(to + at, from + at);
        // Such stores may come after later ones, by which another shard would hear of them.
        _mm_sfence();
    }
    std::memcpy(to + at, from + at, size - at);
}

#else

void copy_past_caches(std::byte* to, const std::byte* from, std::size_t size) {
    std::memcpy(to, from, size);
}

#endif

}  // namespace millrace
