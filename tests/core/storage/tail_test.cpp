// A segment's newest bytes in memory: what is appended is what is copied and written, wherever the
// chunks begin and end.
#include "core/storage/tail.hpp"

#include "core/base/prng.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace millrace {
namespace {

Bytes some_bytes(Prng& prng, std::size_t size) {
    Bytes bytes(size);
    for (std::byte& each : bytes) each = static_cast<std::byte>(prng.next());
    return bytes;
}

Bytes copied(const Tail& tail, std::uint64_t from, std::uint64_t to) {
    Bytes bytes(to - from);
    EXPECT_EQ(tail.copy(from, bytes), bytes.size());
    return bytes;
}

Bytes joined(const std::vector<iovec>& blocks) {
    Bytes bytes;
    for (const iovec& block : blocks) {
        append_bytes(bytes, {static_cast<const std::byte*>(block.iov_base), block.iov_len});
    }
    return bytes;
}

TEST(Tail, CopiesAnyRangeOfWhatWasAppended) {
    Prng prng(1);
    Tail tail(std::make_shared<ChunkCache>(1 << 20));
    Bytes all;
    for (int i = 0; i < 400; ++i) {
        const Bytes bytes = some_bytes(prng, prng.next() % 9000);
        tail.append(bytes);
        append_bytes(all, bytes);
    }
    EXPECT_EQ(tail.end(), all.size());
    for (int i = 0; i < 100; ++i) {
        const std::size_t from = prng.next() % all.size();
        const std::size_t to = from + prng.next() % (all.size() - from);
        EXPECT_EQ(copied(tail, from, to), Bytes(all.begin() + from, all.begin() + to));
    }
}

TEST(Tail, FullBlocksBeginWithTheUnfinishedOneAndEndBeforeTheLast) {
    Prng prng(2);
    Tail tail(std::make_shared<ChunkCache>(1 << 20));
    const Bytes rest = some_bytes(prng, 1000);
    tail.start_behind(8192 + 1000, rest);
    EXPECT_EQ(tail.memory_begin(), 8192u);
    const Bytes more = some_bytes(prng, 20'000);
    tail.append(more);
    Bytes all = rest;
    append_bytes(all, more);
    const Bytes blocks = joined(tail.full_blocks(8192 + 1000, tail.end()));
    EXPECT_EQ(blocks.size(), round_down(all.size(), 4096));
    EXPECT_EQ(blocks, Bytes(all.begin(), all.begin() + blocks.size()));
}

TEST(Tail, WhatIsInTheFileStaysReadableAsLongAsTheCacheAllows) {
    Prng prng(3);
    const auto cache = std::make_shared<ChunkCache>(1 << 20);
    Tail tail(cache);
    const Bytes all = some_bytes(prng, 3'000'000);
    for (std::size_t at = 0; at < all.size(); at += 1000) {
        tail.append(ByteView(all).subspan(at, 1000));
        tail.drop_before(tail.end());
        EXPECT_LE(cache->bytes(), 1u << 20);
    }
    EXPECT_LE(tail.memory_bytes(), 256u << 10);
    const std::uint64_t begin = tail.memory_begin();
    EXPECT_LT(begin, all.size() - 700'000);
    EXPECT_GT(begin, all.size() - (1 << 20));
    EXPECT_EQ(copied(tail, begin, tail.end()), Bytes(all.begin() + begin, all.end()));
    tail.shrink();
    EXPECT_EQ(tail.memory_bytes(), 4096u);
    const std::uint64_t later = tail.memory_begin();
    EXPECT_EQ(copied(tail, later, tail.end()), Bytes(all.begin() + later, all.end()));
}

TEST(Tail, AShrunkTailGoesOnBehindItsUnfinishedBlock) {
    Prng prng(4);
    const auto cache = std::make_shared<ChunkCache>(1 << 20);
    Tail tail(cache);
    Bytes all;
    for (int i = 0; i < 200; ++i) {
        const Bytes bytes = some_bytes(prng, prng.next() % 3000);
        tail.append(bytes);
        append_bytes(all, bytes);
        if (i % 3 == 0) tail.shrink();
    }
    const std::uint64_t begin = tail.memory_begin();
    EXPECT_EQ(copied(tail, begin, tail.end()), Bytes(all.begin() + begin, all.end()));
    EXPECT_LE(tail.memory_bytes(), 64u << 10);
}

TEST(Tail, AReaderKeepsItsBytesWhenTheirChunkIsEvictedAndTheTailGoes) {
    Prng prng(5);
    const auto cache = std::make_shared<ChunkCache>(256 << 10);
    auto tail = std::make_unique<Tail>(cache);
    const Bytes first = some_bytes(prng, 100'000);
    tail->append(first);
    Parts held;
    tail->share(0, first.size(), held);
    EXPECT_GT(held.size(), 1u);
    for (int i = 0; i < 20; ++i) {
        tail->append(some_bytes(prng, 100'000));
        tail->drop_before(tail->end());
    }
    EXPECT_GT(tail->memory_begin(), first.size());
    const std::size_t with_reader = cache->bytes();
    tail.reset();
    Bytes seen;
    for (const Part& part : held) append_bytes(seen, part.memory);
    EXPECT_EQ(seen, first);
    EXPECT_LT(cache->bytes(), with_reader);
    EXPECT_GE(cache->bytes(), first.size());
    held.clear();
    EXPECT_EQ(cache->bytes(), 0u);
}

TEST(ChunkCache, TheOldestChunkOfAnyTailGoesFirst) {
    Prng prng(6);
    const auto cache = std::make_shared<ChunkCache>(512 << 10);
    Tail quiet(cache);
    Tail busy(cache);
    quiet.append(some_bytes(prng, 4096));
    quiet.drop_before(4096);
    EXPECT_EQ(quiet.memory_begin(), 0u);
    for (int i = 0; i < 8; ++i) {
        busy.append(some_bytes(prng, 100'000));
        busy.drop_before(busy.end());
    }
    EXPECT_EQ(quiet.memory_begin(), 4096u);
    EXPECT_GT(busy.memory_begin(), 0u);
}

TEST(ChunkCache, ChunksAreSmallWhenTailsHoldTheMemory) {
    const auto cache = std::make_shared<ChunkCache>(1 << 20);
    std::vector<std::unique_ptr<Tail>> tails;
    for (int i = 0; i < 200; ++i) {
        tails.push_back(std::make_unique<Tail>(cache));
        tails.back()->append(Bytes(4000));
    }
    EXPECT_TRUE(cache->is_tight());
    EXPECT_EQ(cache->bytes(), 200u * 4096);
    EXPECT_EQ(cache->chunk_bytes_max(), 4096u);
}

}  // namespace
}  // namespace millrace
