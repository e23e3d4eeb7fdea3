// The memory of a directory's tails and of what was lately in them, under one bound.
//
// Tails take chunks and fill them; a chunk that is in its file stays readable as a recent one until
// memory is wanted, the oldest going first. A reader that holds a chunk keeps its memory, in the
// cache or not, and that memory counts as long as it is there.
#pragma once

#include "core/base/aligned_bytes.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <memory>

namespace millrace {

class Tail;

/// Whole blocks of a segment, at their position in its file. Readers on any shard may hold one: the
/// bytes before their end never change.
class Chunk : public boost::intrusive::list_base_hook<> {
public:
    using Alive = std::atomic<std::size_t>;

    Chunk(std::uint64_t where, AlignedBytes bytes, std::shared_ptr<Alive> alive)
        : position(where),
          end(where + bytes.size()),
          memory(std::move(bytes)),
          alive_(std::move(alive)) {
        *alive_ += memory.size();
    }
    Chunk(const Chunk&) = delete;
    Chunk& operator=(const Chunk&) = delete;
    ~Chunk() { *alive_ -= memory.size(); }

    const std::uint64_t position;
    std::uint64_t end;  // of what lies here and nowhere later
    AlignedBytes memory;
    Tail* holder{};  // of a recent chunk

private:
    std::shared_ptr<Alive> alive_;
};

/// Lives on one shard; its tails share it.
class ChunkCache {
public:
    explicit ChunkCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// A chunk for a tail, in place of the oldest recent ones when there is no room. Never refuses:
    /// whoever appends asks is_tight() first.
    std::shared_ptr<Chunk> make(std::uint64_t position, std::size_t size);
    /// `chunk` is in its file; `holder` hears of its eviction.
    void add_recent(Chunk& chunk, Tail& holder);
    void forget(Chunk& chunk);

    /// The largest chunk that a tail should take: less when memory is short.
    std::size_t chunk_bytes_max() const;
    /// Half of the bound is held by what can't be evicted.
    bool is_tight() const { return held_bytes() > bytes_max_ / 2; }

    std::size_t bytes_max() const { return bytes_max_; }
    /// Of all chunks that are there.
    std::size_t bytes() const { return *alive_; }
    std::size_t recent_bytes() const { return recent_bytes_; }

private:
    using Recent = boost::intrusive::list<Chunk>;

    /// Of tails, and of readers whose chunks have left the cache.
    std::size_t held_bytes() const { return bytes() - std::min(bytes(), recent_bytes_); }
    void evict_oldest();

    const std::size_t bytes_max_;
    std::shared_ptr<Chunk::Alive> alive_ = std::make_shared<Chunk::Alive>(0);
    Recent recent_;  // oldest first
    std::size_t recent_bytes_{};
};

}  // namespace millrace
