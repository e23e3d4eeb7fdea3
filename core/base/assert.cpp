#include "core/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void expect_failed(const char* what, std::source_location where) {
    std::fprintf(stderr, "broken invariant: %s (%s:%u in %s)\n", what, where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name());
    std::abort();
}

void expect_failed(const char* what, std::int64_t left, std::int64_t right,
                   std::source_location where) {
    std::fprintf(stderr, "broken invariant: %s: %lld against %lld (%s:%u in %s)\n", what,
                 static_cast<long long>(left), static_cast<long long>(right), where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name());
    std::abort();
}

}  // namespace millrace
