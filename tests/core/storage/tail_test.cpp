// A segment's newest bytes in memory: what is appended is what is copied and written, wherever the
// chunks begin and end.
#include "core/storage/tail.hpp"

#include "core/base/prng.hpp"

#include <gtest/gtest.h>

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
    Tail tail;
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
    Tail tail;
    const Bytes rest = some_bytes(prng, 1000);
    tail.start_behind(8192 + 1000, rest);
    EXPECT_EQ(tail.begin(), 8192u);
    const Bytes more = some_bytes(prng, 20'000);
    tail.append(more);
    Bytes all = rest;
    append_bytes(all, more);
    const Bytes blocks = joined(tail.full_blocks(8192 + 1000, tail.end()));
    EXPECT_EQ(blocks.size(), round_down(all.size(), 4096));
    EXPECT_EQ(blocks, Bytes(all.begin(), all.begin() + blocks.size()));
}

TEST(Tail, WhatIsInTheFileIsForgottenExceptItsUnfinishedBlock) {
    Prng prng(3);
    Tail tail;
    const Bytes all = some_bytes(prng, 1'000'000);
    tail.append(all);
    tail.drop_before(tail.end());
    EXPECT_LE(tail.memory_bytes(), 256u << 10);
    EXPECT_EQ(copied(tail, tail.begin(), tail.end()), Bytes(all.begin() + tail.begin(), all.end()));
    tail.shrink();
    EXPECT_EQ(tail.memory_bytes(), 4096u);
    EXPECT_EQ(tail.begin(), round_down(all.size(), 4096));
    EXPECT_EQ(copied(tail, tail.begin(), tail.end()), Bytes(all.begin() + tail.begin(), all.end()));
}

}  // namespace
}  // namespace millrace
