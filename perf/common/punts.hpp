// Counts how often io_uring hands an operation of this process to a kernel worker thread, where the
// kernel lets a process count that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace millrace::perf {

/// Counts for the calling thread and those that it makes later.
class Punts {
public:
    Punts();
    Punts(const Punts&) = delete;
    Punts& operator=(const Punts&) = delete;
    ~Punts();

    /// Since it was made; nothing where it can't be counted.
    std::optional<std::uint64_t> count() const;
    /// Why it can't be counted, or empty.
    const std::string& why_not() const { return why_not_; }

private:
    int counter_{-1};
    std::string why_not_;
};

}  // namespace millrace::perf
