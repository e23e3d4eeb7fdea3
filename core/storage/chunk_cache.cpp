#include "core/storage/chunk_cache.hpp"

#include "core/storage/tail.hpp"

#include <algorithm>

namespace millrace {
namespace {

// Large enough for the device, small enough that many partitions fit.
constexpr std::size_t kChunkBytesMax = 256 << 10;
// So many more chunks fit into what is left.
constexpr std::size_t kChunksToSpare = 64;

}  // namespace

std::shared_ptr<Chunk> ChunkCache::make(std::uint64_t position, std::size_t size) {
    while (!recent_.empty() && bytes() + size > bytes_max_) evict_oldest();
    return std::make_shared<Chunk>(position, AlignedBytes(size), alive_);
}

void ChunkCache::add_recent(Chunk& chunk, Tail& holder) {
    chunk.holder = &holder;
    recent_.push_back(chunk);
    recent_bytes_ += chunk.memory.size();
    while (!recent_.empty() && bytes() > bytes_max_) evict_oldest();
}

void ChunkCache::forget(Chunk& chunk) {
    recent_.erase(recent_.iterator_to(chunk));
    recent_bytes_ -= chunk.memory.size();
    chunk.holder = nullptr;
}

void ChunkCache::evict_oldest() {
    Chunk& oldest = recent_.front();
    Tail& holder = *oldest.holder;
    forget(oldest);
    holder.drop_evicted(oldest);
}

std::size_t ChunkCache::chunk_bytes_max() const {
    const std::size_t left = bytes_max_ - std::min(bytes_max_, held_bytes());
    return std::clamp<std::size_t>(round_down(left / kChunksToSpare, kMemoryAlignment),
                                   kMemoryAlignment, kChunkBytesMax);
}

}  // namespace millrace
