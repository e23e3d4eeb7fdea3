#include "core/storage/time_index.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Offset kBase{1000};

Bytes bytes_of(const std::vector<TimeIndexEntry>& entries) {
    Bytes bytes;
    for (const auto& entry : entries) append_bytes(bytes, encode(entry, kBase));
    return bytes;
}

TEST(TimeIndex, LooksUpTheGreatestEntryAtOrBelow) {
    const Bytes bytes = bytes_of({{100, Offset{1010}}, {200, Offset{1010}}, {300, Offset{1030}}});
    EXPECT_EQ(bytes.size(), 36u);
    const TimeIndexView index(bytes, kBase);
    EXPECT_FALSE(index.lookup(99));
    EXPECT_EQ(index.lookup(100)->timestamp, 100);
    EXPECT_EQ(index.lookup(299)->timestamp, 200);
    EXPECT_EQ(index.lookup(300)->offset, Offset{1030});
    EXPECT_EQ(index.entries_below(Offset{1030}), 2u);
    EXPECT_EQ(index.entries_below(Offset{1010}), 0u);
}

TEST(TimeIndex, SanityNoticesWhatACrashLeaves) {
    Bytes bytes = bytes_of({{100, Offset{1010}}, {200, Offset{1020}}});
    EXPECT_TRUE(TimeIndexView(bytes, kBase).is_sane(Offset{1021}));
    EXPECT_FALSE(TimeIndexView(bytes, kBase).is_sane(Offset{1020}));
    bytes.resize(bytes.size() + kTimeIndexEntryBytes);
    EXPECT_FALSE(TimeIndexView(bytes, kBase).is_sane(Offset{5000}));
    bytes.resize(bytes.size() - 1);
    EXPECT_FALSE(TimeIndexView(bytes, kBase).is_sane(Offset{5000}));
}

IndexBuilder::Append append_of(std::int64_t position, std::int64_t size, std::int64_t last,
                               TimestampMs max) {
    return {position, size, Offset{last}, max, Offset{last}};
}

TEST(IndexBuilder, MeasuresTheGapBeforeTheAppend) {
    IndexBuilder builder(4096);
    EXPECT_FALSE(builder.on_append(append_of(0, 4096, 1000, 50)).offset);
    EXPECT_FALSE(builder.on_append(append_of(4096, 1, 1001, 60)).offset) << "4096 is not over 4096";
    const IndexAdditions third = builder.on_append(append_of(4097, 100, 1002, 55));
    EXPECT_EQ(third.offset, (OffsetIndexEntry{Offset{1002}, 4097}));
    EXPECT_EQ(third.time, (TimeIndexEntry{60, Offset{1001}}));
    EXPECT_FALSE(builder.on_append(append_of(4197, 5000, 1003, 70)).offset);
    EXPECT_TRUE(builder.on_append(append_of(9197, 1, 1004, 70)).offset);
}

TEST(IndexBuilder, FirstBatchWithTheLargestTimeKeepsIt) {
    IndexBuilder builder(0);
    builder.on_append(append_of(0, 10, 1000, 50));
    builder.on_append(append_of(10, 10, 1001, 50));
    EXPECT_EQ(builder.offset_of_max_timestamp(), Offset{1000});
}

TEST(IndexBuilder, TimeEntriesOnlyMoveForward) {
    IndexBuilder builder(0);
    builder.on_append(append_of(0, 10, 1000, 50));
    EXPECT_TRUE(builder.on_append(append_of(10, 10, 1001, 40)).time);
    const IndexAdditions same = builder.on_append(append_of(20, 10, 1002, 45));
    EXPECT_TRUE(same.offset);
    EXPECT_FALSE(same.time);
}

TEST(IndexBuilder, CloseAddsTheLargestTimeOnce) {
    IndexBuilder builder(4096);
    EXPECT_FALSE(builder.on_close());
    builder.on_append(append_of(0, 10, 1000, kNoTimestamp));
    EXPECT_FALSE(builder.on_close()) << "no record has a timestamp";
    builder.on_append(append_of(10, 10, 1001, 77));
    EXPECT_EQ(builder.on_close(), (TimeIndexEntry{77, Offset{1001}}));
    EXPECT_FALSE(builder.on_close());
}

TEST(IndexBuilder, ResumesBehindWhatTheSegmentHolds) {
    IndexBuilder builder(100);
    builder.resume(101, TimeIndexEntry{50, Offset{1005}}, {40, Offset{1009}});
    EXPECT_EQ(builder.max_timestamp(), 50);
    const IndexAdditions next = builder.on_append(append_of(500, 10, 1010, 45));
    EXPECT_EQ(next.offset, (OffsetIndexEntry{Offset{1010}, 500}));
    EXPECT_FALSE(next.time);
}

}  // namespace
}  // namespace millrace
