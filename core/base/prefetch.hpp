// Asks the processor for memory before it is needed.
#pragma once

#include <cstddef>

namespace millrace {

/// Of an object that comes next: all of its lines, while something else is done. Over hundreds of
/// logs a look at each would wait for memory. Always inline: to a compiler that doesn't see the
/// body it does nothing, and the call goes.
template <class T>
[[gnu::always_inline]] inline void prefetch(const T& object) {
    constexpr std::size_t kLineBytes = 64;
    const auto* const begin = reinterpret_cast<const std::byte*>(&object);
    for (std::size_t at = 0; at < sizeof(T); at += kLineBytes) __builtin_prefetch(begin + at);
}

}  // namespace millrace
