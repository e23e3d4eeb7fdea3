#include "core/storage/tail.hpp"

#include "core/base/copy.hpp"

#include <algorithm>

namespace millrace {

Tail::~Tail() {
    for (; recent_ > 0; --recent_) {
        cache_->forget(*chunks_.front());
        chunks_.pop_front();
    }
}

Chunk& Tail::add_chunk(std::size_t size) {
    const std::uint64_t position =
        is_empty() ? round_down(end_, kMemoryAlignment) : chunks_.back()->end;
    chunks_.push_back(cache_->make(position, size));
    memory_bytes_ += size;
    // Quiet logs cost a block, busy ones soon have the largest chunks.
    next_chunk_bytes_ = size * 2;
    return *chunks_.back();
}

void Tail::retire_first(std::uint64_t end) {
    Chunk& chunk = *chunks_[recent_];
    memory_bytes_ -= chunk.memory.size();
    chunk.end = std::min(chunk.end, end);
    if (chunk.end <= chunk.position) {
        chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(recent_));
        return;
    }
    ++recent_;
    cache_->add_recent(chunk, *this);
}

void Tail::drop_evicted(const Chunk& chunk) {
    expect(chunks_.front().get() == &chunk, "the oldest chunk of a tail is not evicted first");
    chunks_.pop_front();
    --recent_;
}

void Tail::start_behind(std::uint64_t size, ByteView rest) {
    const std::uint64_t begin = size - rest.size();
    while (!is_empty()) retire_first(begin);
    next_chunk_bytes_ = kMemoryAlignment;
    end_ = size;
    if (rest.empty()) return;
    expect_equal(begin % kMemoryAlignment, std::uint64_t{0}, "a tail begins inside a block");
    Chunk& chunk = add_chunk(kMemoryAlignment);
    std::memcpy(chunk.memory.data(), rest.data(), rest.size());
}

void Tail::append(ByteView bytes) {
    while (!bytes.empty()) {
        if (is_empty() || chunks_.back()->end == end_) {
            add_chunk(std::min(next_chunk_bytes_, cache_->chunk_bytes_max()));
        }
        Chunk& last = *chunks_.back();
        const std::size_t room = last.end - end_;
        const std::size_t count = std::min(room, bytes.size());
        copy_past_caches(last.memory.data() + (end_ - last.position), bytes.data(), count);
        end_ += count;
        bytes = bytes.subspan(count);
    }
}

Tail::Chunks::const_iterator Tail::chunk_at(std::uint64_t position) const {
    // Most who ask want what was appended last, and there may be thousands of tails, whose oldest
    // chunks no cache of the processor has.
    if (!chunks_.empty() && chunks_.back()->position <= position) return std::prev(chunks_.end());
    expect(memory_begin() <= position, "bytes that memory has forgotten are asked for");
    const auto behind =
        std::upper_bound(chunks_.begin(), chunks_.end(), position,
                         [](std::uint64_t wanted, const std::shared_ptr<Chunk>& chunk) {
                             return wanted < chunk->position;
                         });
    return behind == chunks_.begin() ? behind : std::prev(behind);
}

Part Tail::piece_at(std::uint64_t position) const {
    const std::shared_ptr<Chunk>& chunk = *chunk_at(position);
    const ByteView bytes(chunk->memory.data() + (position - chunk->position),
                         end_in(*chunk) - position);
    return Part::in_memory(bytes, chunk);
}

void Tail::share(std::uint64_t from, std::uint64_t to, Parts& parts) const {
    while (from < to) {
        Part part = piece_at(from);
        part.size = std::min<std::size_t>(part.size, to - from);
        part.memory = part.memory.first(part.size);
        from += part.size;
        parts.push_back(std::move(part));
    }
}

std::size_t Tail::copy(std::uint64_t position, MutableBytes into) const {
    std::size_t copied = 0;
    const std::uint64_t to = std::min(end_, position + into.size());
    if (position >= to) return 0;
    for (auto at = chunk_at(position); position < to; ++at) {
        const Chunk& chunk = **at;
        const std::size_t size = std::min(to, end_in(chunk)) - position;
        std::memcpy(into.data() + copied, chunk.memory.data() + (position - chunk.position), size);
        copied += size;
        position += size;
    }
    return copied;
}

std::vector<iovec> Tail::full_blocks(std::uint64_t from, std::uint64_t to) const {
    const std::uint64_t begin = round_down(from, kMemoryAlignment);
    const std::uint64_t end = round_down(to, kMemoryAlignment);
    std::vector<iovec> blocks;
    for (std::size_t i = recent_; i < chunks_.size(); ++i) {
        const Chunk& chunk = *chunks_[i];
        const std::uint64_t first = std::max(begin, chunk.position);
        const std::uint64_t last = std::min(end, chunk.end);
        if (first >= last) continue;
        blocks.push_back({chunk.memory.data() + (first - chunk.position), last - first});
    }
    return blocks;
}

void Tail::drop_before(std::uint64_t position) {
    while (!is_empty() && chunks_[recent_]->end <= position) retire_first(position);
}

void Tail::shrink() {
    const std::uint64_t block = round_down(end_, kMemoryAlignment);
    if (memory_bytes_ <= kMemoryAlignment) return;
    AlignedBytes rest(kMemoryAlignment);
    const std::size_t size = end_ - block;
    if (size > 0) copy(block, rest.bytes().first(size));
    start_behind(end_, rest.bytes().first(size));
}

}  // namespace millrace
