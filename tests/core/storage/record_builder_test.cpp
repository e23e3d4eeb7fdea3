#include "core/storage/record_builder.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

TEST(RecordBuilder, NextBatchGoesOnBehindTheLast) {
    RecordBatchBuilder builder({.base_offset = Offset{10}, .producer_id = 1, .base_sequence = 5});
    builder.add(std::nullopt, "a", 1);
    builder.add(std::nullopt, "b", 2);
    EXPECT_EQ(builder.record_count(), 2);
    const Bytes first = *builder.build();
    EXPECT_EQ(RecordBatchView(first).next_offset(), Offset{12});
    builder.add(std::nullopt, "c", 9);
    const Bytes second = *builder.build();
    EXPECT_EQ(RecordBatchView(second).base_offset(), Offset{12});
    EXPECT_EQ(RecordBatchView(second).base_sequence(), 7);
    EXPECT_EQ(RecordBatchView(second).base_timestamp(), 9);
    EXPECT_EQ(RecordBatchView(second).record_count(), 1);
}

TEST(RecordBuilder, SequencesGoOnAtZero) {
    RecordBatchBuilder builder(
        {.producer_id = 1, .base_sequence = std::numeric_limits<std::int32_t>::max()});
    builder.add(std::nullopt, "a");
    EXPECT_EQ(RecordBatchView(*builder.build()).last_sequence(),
              std::numeric_limits<std::int32_t>::max());
    builder.add(std::nullopt, "b");
    EXPECT_EQ(RecordBatchView(*builder.build()).base_sequence(), 0);
}

TEST(RecordBuilder, ForeseesTheUncompressedSize) {
    RecordBatchBuilder builder;
    EXPECT_EQ(builder.uncompressed_size(), kBatchHeaderBytes);
    builder.add("key", "value", 7);
    const std::size_t foreseen = builder.uncompressed_size();
    EXPECT_EQ(builder.build()->size(), foreseen);
}

TEST(RecordBuilder, CompressesTheRecordsAsOneBlock) {
    RecordBatchBuilder plain;
    RecordBatchBuilder small({.codec = Codec::kGzip});
    for (int index = 0; index < 100; ++index) {
        plain.add("key", "the same value", 7);
        small.add("key", "the same value", 7);
    }
    const Bytes plain_bytes = *plain.build();
    const Bytes small_bytes = *small.build();
    EXPECT_LT(small_bytes.size(), plain_bytes.size() / 4);
    const RecordBatchView batch(small_bytes);
    EXPECT_TRUE(check_crc(batch));
    const auto records = decompress(Codec::kGzip, batch.records(), 10'000);
    EXPECT_EQ(as_text(*records), as_text(RecordBatchView(plain_bytes).records()));
}

}  // namespace
}  // namespace millrace
