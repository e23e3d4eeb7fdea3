#include "core/storage/record_batch.hpp"

#include "core/storage/record_walk.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr std::int32_t kMax = 1 << 20;

Error error_of(const Bytes& batch) { return validate_produced(batch, kMax).error(); }

TEST(RecordBatch, AWellFormedBatchIsAccepted) {
    const Bytes batch = make_batch({.records = 3, .base_timestamp = 50});
    const auto view = validate_produced(batch, kMax);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->record_count(), 3);
    EXPECT_EQ(view->last_offset(), Offset{2});
    EXPECT_EQ(view->max_timestamp(), 52);
    EXPECT_EQ(view->size_in_bytes(), batch.size());
}

TEST(RecordBatch, AssigningOffsetAndEpochLeavesTheChecksumValid) {
    Bytes batch = make_batch();
    assign_offset_and_epoch(batch, Offset{77}, LeaderEpoch{5});
    const RecordBatchView view(batch);
    EXPECT_TRUE(view.crc_holds());
    EXPECT_EQ(view.base_offset(), Offset{77});
    EXPECT_EQ(view.leader_epoch(), LeaderEpoch{5});
}

TEST(RecordBatch, EveryFlippedBitBehindTheChecksumIsFound) {
    const Bytes batch = make_batch({.records = 2});
    for (std::size_t at = 21; at < batch.size(); ++at) {
        Bytes damaged = batch;
        damaged[at] ^= std::byte{1};
        EXPECT_FALSE(validate_produced(damaged, kMax)) << "byte " << at;
    }
}

TEST(RecordBatch, EveryTruncationIsCorrupt) {
    const Bytes batch = make_batch();
    for (std::size_t size = 1; size < batch.size(); ++size) {
        EXPECT_EQ(error_of(Bytes(batch.begin(), batch.begin() + static_cast<long>(size))),
                  make_error_code(Errc::kCorruptBatch));
    }
    EXPECT_EQ(error_of({}), make_error_code(Errc::kInvalidRecord));
}

TEST(RecordBatch, TwoBatchesInOnePartitionAreRefused) {
    Bytes two = make_batch();
    append_bytes(two, make_batch());
    EXPECT_EQ(error_of(two), make_error_code(Errc::kInvalidRecord));
}

TEST(RecordBatch, ABatchOverTheLimitIsTooLarge) {
    const Bytes batch = make_batch();
    const auto limit = static_cast<std::int32_t>(batch.size());
    EXPECT_TRUE(validate_produced(batch, limit));
    EXPECT_EQ(validate_produced(batch, limit - 1).error(), make_error_code(Errc::kBatchTooLarge));
}

TEST(RecordBatch, WhatOnlyABrokerMayWriteIsRefused) {
    EXPECT_EQ(error_of(make_batch({.attributes = 32})), make_error_code(Errc::kInvalidRecord));
    EXPECT_EQ(error_of(make_batch({.attributes = 7})), make_error_code(Errc::kUnsupportedCodec));
    EXPECT_EQ(error_of(make_batch({.producer_id = 4})), make_error_code(Errc::kInvalidRecord));
    Bytes not_at_zero = make_batch();
    store_be(not_at_zero.data(), std::int64_t{1});
    EXPECT_EQ(error_of(not_at_zero), make_error_code(Errc::kInvalidRecord));
}

TEST(RecordBatch, ACountThatTheRecordsDoNotFillIsRefused) {
    Bytes batch = make_batch({.records = 2});
    store_be(&batch[57], std::int32_t{3});
    store_be(&batch[23], std::int32_t{2});
    seal(batch);
    EXPECT_EQ(error_of(batch), make_error_code(Errc::kInvalidRecord));
}

TEST(RecordWalk, GivesOffsetsAndTimesOfEachRecord) {
    const Bytes batch = make_batch({.records = 3});
    std::vector<std::pair<std::int32_t, std::int64_t>> seen;
    const RecordBatchView view(batch);
    EXPECT_TRUE(walk_records(view.records(), 3, [&](std::int32_t offset, std::int64_t time) {
        seen.emplace_back(offset, time);
    }));
    EXPECT_EQ(seen, (std::vector<std::pair<std::int32_t, std::int64_t>>{{0, 0}, {1, 1}, {2, 2}}));
}

}  // namespace
}  // namespace millrace
