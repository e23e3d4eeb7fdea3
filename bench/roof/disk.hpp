// One file that is written from its front to its end, again and again.
#pragma once

#include "core/base/aligned_bytes.hpp"

#include <liburing.h>

#include <string>

namespace millrace::bench {

/// Gathers what comes while a write is under way; a completed write is on stable storage. The file
/// is written once before, so that no write has to find it room.
class Disk {
public:
    /// Throws std::system_error. `group_bytes_max`: of one write, whole blocks.
    Disk(const std::string& file, std::size_t group_bytes_max);
    ~Disk();

    /// REQUIRES: has_room(bytes.size()).
    void gather(ByteView bytes);
    bool has_room(std::size_t bytes) const { return gathered_ + bytes <= gathering_.size(); }
    bool is_idle() const { return !is_writing_; }
    /// Writes what was gathered since the last time. REQUIRES: is_idle().
    void write(io_uring_sqe& sqe);
    void written() { is_writing_ = false; }

private:
    AlignedBytes gathering_;
    AlignedBytes writing_;
    const std::size_t file_bytes_;
    std::size_t gathered_{};
    std::size_t position_{};
    int fd_;
    bool is_writing_{};
};

}  // namespace millrace::bench
