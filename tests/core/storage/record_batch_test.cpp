#include "core/storage/record_batch.hpp"

#include "core/storage/record_walk.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(RecordBatch, Trap42_AssigningOffsetAndEpochLeavesTheChecksumValid) {
    Bytes batch = make_batch();
    assign_offset_and_epoch(batch, Offset{77}, LeaderEpoch{5});
    const RecordBatchView view(batch);
    EXPECT_TRUE(view.crc_holds());
    EXPECT_EQ(view.base_offset(), Offset{77});
    EXPECT_EQ(view.leader_epoch(), LeaderEpoch{5});
}

TEST(RecordBatch, Trap42_AnotherMaximalTimestampRenewsTheChecksum) {
    const Bytes batch = make_batch({.records = 3, .base_timestamp = 50});
    Bytes changed = batch;
    set_times(changed, TimestampType::kCreateTime, 52);
    EXPECT_EQ(changed, batch);
    set_times(changed, TimestampType::kCreateTime, 99);
    EXPECT_TRUE(RecordBatchView(changed).crc_holds());
    EXPECT_EQ(RecordBatchView(changed).max_timestamp(), 99);
    Bytes marked = make_batch({.records = 3, .base_timestamp = 50, .attributes = 8});
    set_times(marked, TimestampType::kCreateTime, 52);
    EXPECT_EQ(marked, batch);
    set_times(changed, TimestampType::kLogAppendTime, 99);
    EXPECT_TRUE(RecordBatchView(changed).crc_holds());
    EXPECT_TRUE(RecordBatchView(changed).is_append_time());
}

std::vector<std::pair<std::int32_t, std::int64_t>> walked(RecordBlock block, std::int32_t count) {
    std::vector<std::pair<std::int32_t, std::int64_t>> seen;
    const auto walk = walk_records(block, count, [&](const RecordDeltas& deltas) {
        seen.emplace_back(deltas.offset, deltas.timestamp);
        return true;
    });
    EXPECT_TRUE(walk);
    return seen;
}

TEST(RecordWalk, GivesOffsetsAndTimesOfEachRecord) {
    const Bytes batch = make_batch({.records = 3});
    const auto seen = walked(RecordBlock(RecordBatchView(batch).records()), 3);
    EXPECT_EQ(seen, (std::vector<std::pair<std::int32_t, std::int64_t>>{{0, 0}, {1, 1}, {2, 2}}));
}

TEST(RecordWalk, PiecesMayEndAnywhere) {
    // 64 KiB pieces cut these records in every part that they have.
    const Bytes batch = make_batch({.records = 40'000, .value_bytes = 3});
    const ByteView plain = RecordBatchView(batch).records();
    const auto whole = walked(RecordBlock(plain), 40'000);
    Decompressor decompressor;
    for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
        const Bytes compressed = compress(codec, plain);
        ASSERT_TRUE(decompressor.begin(codec, compressed));
        EXPECT_EQ(walked(RecordBlock(decompressor, plain.size()), 40'000), whole);
    }
}

TEST(RecordWalk, ABlockOverItsLimitIsTooLarge) {
    const Bytes batch = make_batch({.records = 40'000, .value_bytes = 3});
    const ByteView plain = RecordBatchView(batch).records();
    const Bytes compressed = compress(Codec::kZstd, plain);
    Decompressor decompressor;
    ASSERT_TRUE(decompressor.begin(Codec::kZstd, compressed));
    RecordBlock block(decompressor, plain.size() - 1);
    const auto walk = walk_records(block, 40'000, [](const RecordDeltas&) { return true; });
    EXPECT_EQ(walk.error(), Errc::kTooLarge);
}

}  // namespace
}  // namespace millrace
