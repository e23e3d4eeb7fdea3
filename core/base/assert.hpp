// expect(): an invariant that holds in every build. When it does not, the process prints the two
// operands and aborts, because going on would write from a state that nobody has thought about.
#pragma once

#include <concepts>
#include <cstdint>
#include <source_location>

namespace millrace {

[[noreturn]] void expect_failed(const char* what, std::source_location where);
[[noreturn]] void expect_failed(const char* what, std::int64_t left, std::int64_t right,
                                std::source_location where);

inline void expect(bool holds, const char* what,
                   std::source_location where = std::source_location::current()) {
    if (!holds) [[unlikely]]
        expect_failed(what, where);
}

/// REQUIRES for two integers: aborts with both values unless `left == right`.
inline void expect_equal(std::int64_t left, std::int64_t right, const char* what,
                         std::source_location where = std::source_location::current()) {
    if (left != right) [[unlikely]]
        expect_failed(what, left, right, where);
}

/// Aborts with both values unless `left <= right`.
inline void expect_at_most(std::int64_t left, std::int64_t right, const char* what,
                           std::source_location where = std::source_location::current()) {
    if (left > right) [[unlikely]]
        expect_failed(what, left, right, where);
}

}  // namespace millrace
