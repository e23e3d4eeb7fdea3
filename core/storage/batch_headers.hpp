// The headers of batches that lie in several parts of memory.
#pragma once

#include "core/runtime/part.hpp"
#include "core/storage/record_batch.hpp"

#include <algorithm>
#include <array>

namespace millrace {

/// Copies the bytes from `at` of what `parts` hold together; fewer than asked for at their end.
/// REQUIRES: all of them are in memory.
inline std::size_t copy_out(const Parts& parts, std::size_t at, MutableBytes into) {
    std::size_t copied = 0;
    for (const Part& part : parts) {
        if (at < part.size && copied < into.size()) {
            const std::size_t size = std::min(part.size - at, into.size() - copied);
            std::memcpy(into.data() + copied, part.memory.data() + at, size);
            copied += size;
            at += size;
        }
        at -= std::min(at, part.size);
    }
    return copied;
}

/// Calls `on_header(RecordBatchView)` for each whole batch; the view has its header only.
template <class OnHeader>
void for_each_header(const Parts& parts, OnHeader on_header) {
    std::array<std::byte, kBatchHeaderBytes> header;
    for (std::size_t at = 0; copy_out(parts, at, header) == header.size();) {
        const RecordBatchView batch(header);
        on_header(batch);
        at += batch.size_in_bytes();
    }
}

}  // namespace millrace
