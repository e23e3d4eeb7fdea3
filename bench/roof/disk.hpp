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
    /// Throws std::system_error.
    explicit Disk(const std::string& file);
    ~Disk();

    /// REQUIRES: has_room(bytes.size()).
    void gather(ByteView bytes);
    bool has_room(std::size_t bytes) const { return gathered_ + bytes <= kGroupBytesMax; }
    bool is_idle() const { return !is_writing_; }
    /// Writes what was gathered since the last time. REQUIRES: is_idle().
    void write(io_uring_sqe& sqe);
    void written() { is_writing_ = false; }

private:
    static constexpr std::size_t kGroupBytesMax = 32 << 20;
    static constexpr std::size_t kFileBytes = 256 << 20;

    AlignedBytes gathering_{kGroupBytesMax};
    AlignedBytes writing_{kGroupBytesMax};
    std::size_t gathered_{};
    std::size_t position_{};
    int fd_;
    bool is_writing_{};
};

}  // namespace millrace::bench
