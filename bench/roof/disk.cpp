#include "bench/roof/disk.hpp"

#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace millrace::bench {
namespace {

constexpr std::size_t kGroupsInFile = 8;

}  // namespace

Disk::Disk(const std::string& file, std::size_t group_bytes_max)
    : gathering_(group_bytes_max),
      writing_(group_bytes_max),
      file_bytes_(kGroupsInFile * group_bytes_max),
      fd_(::open(file.c_str(), O_CREAT | O_RDWR | O_DIRECT | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), file);
    gathering_.zero();
    writing_.zero();
    for (std::size_t at = 0; at < file_bytes_; at += group_bytes_max) {
        const auto count = ::pwrite(fd_, writing_.data(), group_bytes_max, static_cast<off_t>(at));
        if (count != static_cast<ssize_t>(group_bytes_max)) {
            throw std::system_error(errno, std::generic_category(), file);
        }
    }
    if (::fsync(fd_) != 0) throw std::system_error(errno, std::generic_category(), file);
}

Disk::~Disk() { ::close(fd_); }

void Disk::gather(ByteView bytes) {
    std::memcpy(gathering_.data() + gathered_, bytes.data(), bytes.size());
    gathered_ += bytes.size();
}

void Disk::write(io_uring_sqe& sqe) {
    std::swap(gathering_, writing_);
    const std::size_t size = round_up(std::exchange(gathered_, 0), kMemoryAlignment);
    if (position_ + size > file_bytes_) position_ = 0;
    io_uring_prep_write(&sqe, fd_, writing_.data(), static_cast<unsigned>(size), position_);
    sqe.rw_flags = RWF_DSYNC;
    position_ += size;
    is_writing_ = true;
}

}  // namespace millrace::bench
