// What is sent, in three shapes: a file whose pages are cached, a mapping of it, and its bytes in
// memory.
#pragma once

#include "perf/common/buffer.hpp"
#include "perf/common/descriptor.hpp"

#include <cstdint>
#include <filesystem>

namespace millrace::netpath {

/// Owns a folder of its own below the user's, which is gone when it is.
class Source {
public:
    /// Writes the file. Throws std::system_error.
    Source(const std::filesystem::path& folder, std::uint64_t size);
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source();

    std::uint64_t size() const { return size_; }
    int file() const { return file_.get(); }
    const char* mapped() const { return mapped_; }
    const char* memory() const { return memory_.get(); }

    /// Brings back the pages that the page cache has let go.
    void warm() const;

private:
    const std::filesystem::path folder_;
    const std::uint64_t size_;
    perf::Buffer memory_;
    perf::Descriptor file_;
    char* mapped_{};
};

}  // namespace millrace::netpath
