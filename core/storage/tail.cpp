#include "core/storage/tail.hpp"

#include <algorithm>

namespace millrace {
namespace {

// A chunk that is full is written at once: large enough for the device, small enough that many
// partitions fit.
constexpr std::size_t kChunkBytesMax = 256 << 10;

}  // namespace

Tail::Chunk& Tail::add_chunk(std::size_t size) {
    const std::uint64_t position =
        chunks_.empty() ? round_down(end_, kMemoryAlignment) : chunks_.back().end();
    chunks_.push_back({position, AlignedBytes(size)});
    memory_bytes_ += size;
    // Quiet logs cost a block, busy ones soon have the largest chunks.
    next_chunk_bytes_ = std::min(size * 2, kChunkBytesMax);
    return chunks_.back();
}

void Tail::start_behind(std::uint64_t size, ByteView rest) {
    chunks_.clear();
    memory_bytes_ = 0;
    next_chunk_bytes_ = kMemoryAlignment;
    end_ = size;
    begin_ = size - rest.size();
    if (rest.empty()) return;
    expect_equal(begin_ % kMemoryAlignment, std::uint64_t{0}, "a tail begins inside a block");
    Chunk& chunk = add_chunk(kMemoryAlignment);
    std::memcpy(chunk.memory.data(), rest.data(), rest.size());
}

void Tail::append(ByteView bytes) {
    while (!bytes.empty()) {
        if (chunks_.empty() || chunks_.back().end() == end_) add_chunk(next_chunk_bytes_);
        Chunk& last = chunks_.back();
        const std::size_t room = last.end() - end_;
        const std::size_t count = std::min(room, bytes.size());
        std::memcpy(last.memory.data() + (end_ - last.position), bytes.data(), count);
        end_ += count;
        bytes = bytes.subspan(count);
    }
}

template <class OnPart>
void Tail::for_parts(std::uint64_t from, std::uint64_t to, OnPart on_part) const {
    for (const Chunk& chunk : chunks_) {
        const std::uint64_t first = std::max(from, chunk.position);
        const std::uint64_t last = std::min(to, chunk.end());
        if (first < last) on_part(chunk.memory.data() + (first - chunk.position), last - first);
    }
}

std::size_t Tail::copy(std::uint64_t position, MutableBytes into) const {
    expect(begin_ <= position, "bytes that the tail has forgotten are asked for");
    const std::uint64_t to = std::min(end_, position + into.size());
    std::size_t copied = 0;
    for_parts(position, to, [&](const std::byte* part, std::size_t size) {
        std::memcpy(into.data() + copied, part, size);
        copied += size;
    });
    return copied;
}

std::vector<iovec> Tail::full_blocks(std::uint64_t from, std::uint64_t to) const {
    std::vector<iovec> blocks;
    for_parts(round_down(from, kMemoryAlignment), round_down(to, kMemoryAlignment),
              [&](std::byte* part, std::size_t size) { blocks.push_back({part, size}); });
    return blocks;
}

void Tail::drop_before(std::uint64_t position) {
    while (!chunks_.empty() && chunks_.front().end() <= position) {
        memory_bytes_ -= chunks_.front().memory.size();
        begin_ = chunks_.front().end();
        chunks_.pop_front();
    }
    if (chunks_.empty()) begin_ = end_;
}

void Tail::shrink() {
    const std::uint64_t block = round_down(end_, kMemoryAlignment);
    AlignedBytes rest(kMemoryAlignment);
    const std::size_t size = end_ - block;
    if (size > 0) copy(block, rest.bytes().first(size));
    start_behind(end_, rest.bytes().first(size));
}

}  // namespace millrace
