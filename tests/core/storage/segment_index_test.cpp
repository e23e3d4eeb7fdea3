// The sparse indexes of a segment: what they tell, and that entries which can't be true are not
// believed.
#include "core/storage/segment_index.hpp"

#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Offset kBase{100};

/// An index over `count` batches of two records, each 100 ms after the other.
SegmentIndex filled_index(int count, std::uint64_t& size) {
    SegmentIndex index(kBase, 150);
    size = 0;
    for (int i = 0; i < count; ++i) {
        Bytes batch = make_batch({.records = 2, .base_timestamp = 1000 + i * 100});
        assign_offset_and_epoch(batch, kBase + i * 2, LeaderEpoch{0});
        index.note(BatchMeta(RecordBatchView(batch)), size);
        size += batch.size();
    }
    return index;
}

TEST(SegmentIndex, LeadsToAPositionAtOrBeforeTheBatch) {
    std::uint64_t size = 0;
    const SegmentIndex index = filled_index(50, size);
    const std::uint64_t batch_bytes = size / 50;
    for (int i = 0; i < 50; ++i) {
        const std::uint64_t position = index.position_before(kBase + i * 2 + 1);
        EXPECT_LE(position, i * batch_bytes);
        EXPECT_GE(position + 4 * batch_bytes, i * batch_bytes);
        EXPECT_LE(index.position_before_time(1000 + i * 100), i * batch_bytes);
    }
}

TEST(SegmentIndex, WhatWasWrittenIsLoadedAgain) {
    std::uint64_t size = 0;
    SegmentIndex index = filled_index(50, size);
    index.close(size);
    const auto offsets = index.take_offsets(size);
    const auto times = index.take_timestamps(size);
    EXPECT_FALSE(index.has_unwritten(size));
    EXPECT_TRUE(index.take_offsets(size).bytes.empty());

    SegmentIndex loaded(kBase, 150);
    loaded.load(offsets.bytes, times.bytes, size, kBase + 1000);
    EXPECT_EQ(loaded.last_position(), index.last_position());
    EXPECT_EQ(loaded.max_timestamp(), index.max_timestamp());
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(loaded.position_before(kBase + i), index.position_before(kBase + i));
    }
}

TEST(SegmentIndex, Trap98_EntriesBehindTheEndAndZerosAreNotBelieved) {
    std::uint64_t size = 0;
    SegmentIndex index = filled_index(50, size);
    Bytes offsets = index.take_offsets(size).bytes;
    const Bytes times = index.take_timestamps(size).bytes;

    SegmentIndex half(kBase, 150);
    half.load(offsets, times, size / 2, kBase + 1000);
    EXPECT_LT(half.last_position(), size / 2);
    EXPECT_GT(half.last_position(), size / 4);

    std::fill(offsets.begin() + 80, offsets.end(), std::byte{0});
    SegmentIndex zeroed(kBase, 150);
    zeroed.load(offsets, times, size, kBase + 1000);
    EXPECT_EQ(zeroed.offset_bytes(), 80u);
}

TEST(SegmentIndex, OnlyEntriesOfFilledBatchesAreHandedOut) {
    std::uint64_t size = 0;
    SegmentIndex index = filled_index(50, size);
    const auto first = index.take_offsets(size / 2);
    EXPECT_LT(load_be<std::uint32_t>(&first.bytes[first.bytes.size() - 4]), size / 2);
    const auto second = index.take_offsets(size);
    EXPECT_EQ(second.position, first.bytes.size());
    EXPECT_GE(load_be<std::uint32_t>(&second.bytes[4]), size / 2);
}

}  // namespace
}  // namespace millrace
