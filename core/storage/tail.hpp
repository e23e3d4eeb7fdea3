// The newest bytes of one segment, in memory: what is appended and not yet in the file.
//
// Chunks of whole blocks, laid over the file's positions, so that a fill writes them where they
// are. The block in which the file's bytes end stays in memory until it is full, because a direct
// write rewrites it whole.
#pragma once

#include "core/base/aligned_bytes.hpp"

#include <deque>
#include <span>
#include <sys/uio.h>
#include <vector>

namespace millrace {

/// Owned by its LogSegment. Positions are those of the segment's file.
class Tail {
public:
    /// An empty tail at the front of an empty file.
    Tail() = default;

    /// The position that is kept furthest back; everything in memory lies behind it.
    std::uint64_t begin() const { return begin_; }
    std::uint64_t end() const { return end_; }
    /// Memory that the chunks take.
    std::size_t memory_bytes() const { return memory_bytes_; }

    /// Goes on behind a file of `size` bytes whose last, unfinished block is `rest`.
    void start_behind(std::uint64_t size, ByteView rest);
    void append(ByteView bytes);
    /// Copies what lies at `position` up to end() or the end of `into`. REQUIRES: begin() <=
    /// position.
    std::size_t copy(std::uint64_t position, MutableBytes into) const;

    /// Whole blocks from the one that holds `from` to the end of the last full one before `to`, as
    /// memory to write; the bytes behind it are for copy().
    std::vector<iovec> full_blocks(std::uint64_t from, std::uint64_t to) const;
    /// Forgets chunks that lie wholly before `position`, which is in the file.
    void drop_before(std::uint64_t position);
    /// Forgets all but the unfinished block. REQUIRES: everything is in the file.
    void shrink();

private:
    struct Chunk {
        std::uint64_t position;
        AlignedBytes memory;

        std::uint64_t end() const { return position + memory.size(); }
    };

    Chunk& add_chunk(std::size_t size);
    template <class OnPart>
    void for_parts(std::uint64_t from, std::uint64_t to, OnPart on_part) const;

    std::deque<Chunk> chunks_;
    std::uint64_t begin_{};
    std::uint64_t end_{};
    std::size_t memory_bytes_{};
    std::size_t next_chunk_bytes_{kMemoryAlignment};
};

}  // namespace millrace
