// How a program of a harness says what the machine refused.
#pragma once

#include <string>

namespace millrace::perf {

/// Throws std::system_error, for errno where no error is named.
[[noreturn]] void fail(const std::string& what, int error);
[[noreturn]] void fail(const std::string& what);

}  // namespace millrace::perf
