// Gathered writes and sends: what is left of a row of slices after a part of it was taken.
#pragma once

#include <cstddef>
#include <span>
#include <sys/uio.h>

namespace millrace {

/// `slices` without their first `count` bytes; changes the first slice that remains.
inline std::span<iovec> drop_front(std::span<iovec> slices, std::size_t count) {
    while (!slices.empty() && count >= slices.front().iov_len) {
        count -= slices.front().iov_len;
        slices = slices.subspan(1);
    }
    if (count > 0) {
        iovec& first = slices.front();
        first.iov_base = static_cast<char*>(first.iov_base) + count;
        first.iov_len -= count;
    }
    return slices;
}

}  // namespace millrace
