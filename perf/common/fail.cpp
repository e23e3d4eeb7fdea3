#include "perf/common/fail.hpp"

#include <cerrno>
#include <system_error>

namespace millrace::perf {

void fail(const std::string& what, int error) {
    throw std::system_error(error, std::generic_category(), what);
}

void fail(const std::string& what) { fail(what, errno); }

}  // namespace millrace::perf
