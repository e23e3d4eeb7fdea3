// The newest bytes of one segment, in memory: what is appended and not yet in the file, and before
// it what was lately filled, as long as the cache keeps it.
//
// Chunks of whole blocks, laid over the file's positions, so that a fill writes them where they
// are. The block in which the file's bytes end stays in memory until it is full, because a direct
// write rewrites it whole.
#pragma once

#include "core/runtime/part.hpp"
#include "core/storage/chunk_cache.hpp"

#include <deque>
#include <span>
#include <sys/uio.h>
#include <vector>

namespace millrace {

/// Owned by its LogSegment. Positions are those of the segment's file.
class Tail {
public:
    /// An empty tail at the front of an empty file.
    explicit Tail(std::shared_ptr<ChunkCache> cache) : cache_(std::move(cache)) {}
    Tail(const Tail&) = delete;
    Tail& operator=(const Tail&) = delete;
    ~Tail();

    /// Everything from here on is in memory.
    std::uint64_t memory_begin() const {
        return chunks_.empty() ? end_ : chunks_.front()->position;
    }
    std::uint64_t end() const { return end_; }
    /// Memory that can't be had back: without the recent chunks.
    std::size_t memory_bytes() const { return memory_bytes_; }

    /// Goes on behind a file of `size` bytes whose last, unfinished block is `rest`; what was in
    /// the tail is in the file.
    void start_behind(std::uint64_t size, ByteView rest);
    void append(ByteView bytes);

    /// Copies what lies at `position` up to end() or the end of `into`. REQUIRES: memory_begin() <=
    /// position.
    std::size_t copy(std::uint64_t position, MutableBytes into) const;
    /// The bytes from `position` on that lie in one piece. REQUIRES: memory_begin() <= position <
    /// end().
    Part piece_at(std::uint64_t position) const;
    /// Adds what lies from `from` to `to`, not copied. REQUIRES: memory_begin() <= from, to <=
    /// end().
    void share(std::uint64_t from, std::uint64_t to, Parts& parts) const;

    /// Whole blocks from the one that holds `from` to the end of the last full one before `to`, as
    /// memory to write; the bytes behind it are for copy().
    std::vector<iovec> full_blocks(std::uint64_t from, std::uint64_t to) const;
    /// Chunks that lie wholly before `position` are in the file: the cache may have their memory.
    void drop_before(std::uint64_t position);
    /// The same for all but the unfinished block. REQUIRES: everything is in the file.
    void shrink();

private:
    friend class ChunkCache;

    using Chunks = std::deque<std::shared_ptr<Chunk>>;

    /// The cache has taken the oldest recent chunk.
    void drop_evicted(const Chunk& chunk);
    Chunk& add_chunk(std::size_t size);
    /// The oldest chunk that isn't recent becomes it, with what lies before `end`.
    void retire_first(std::uint64_t end);
    bool is_empty() const { return chunks_.size() == recent_; }
    Chunks::const_iterator chunk_at(std::uint64_t position) const;
    std::uint64_t end_in(const Chunk& chunk) const { return std::min(chunk.end, end_); }

    std::shared_ptr<ChunkCache> cache_;
    Chunks chunks_;         // in order, without a gap
    std::size_t recent_{};  // so many of them, from the front, are the cache's
    std::uint64_t end_{};
    std::size_t memory_bytes_{};
    std::size_t next_chunk_bytes_{kMemoryAlignment};
};

}  // namespace millrace
