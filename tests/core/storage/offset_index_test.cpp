#include "core/storage/offset_index.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

constexpr Offset kBase{1000};

Bytes bytes_of(const std::vector<OffsetIndexEntry>& entries) {
    Bytes bytes;
    for (const auto& entry : entries) append_bytes(bytes, encode(entry, kBase));
    return bytes;
}

TEST(OffsetIndex, EntryIsTwoBigEndianIntegersRelativeToTheBase) {
    const Bytes bytes = bytes_of({{Offset{1258}, 0x01020304}});
    const Bytes expected = {std::byte{0}, std::byte{0}, std::byte{1}, std::byte{2},
                            std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    EXPECT_EQ(bytes, expected);
}

TEST(OffsetIndex, LooksUpTheGreatestEntryAtOrBelow) {
    const Bytes bytes = bytes_of({{Offset{1010}, 100}, {Offset{1020}, 200}, {Offset{1030}, 300}});
    const OffsetIndexView index(bytes, kBase);
    EXPECT_EQ(index.size(), 3u);
    EXPECT_FALSE(index.lookup(Offset{1009}));
    EXPECT_EQ(index.lookup(Offset{1010})->position, 100);
    EXPECT_EQ(index.lookup(Offset{1019})->position, 100);
    EXPECT_EQ(index.lookup(Offset{1020})->position, 200);
    EXPECT_EQ(index.lookup(Offset{999'999})->position, 300);
    EXPECT_FALSE(OffsetIndexView({}, kBase).lookup(Offset{1010}));
}

TEST(OffsetIndex, TruncationKeepsEntriesBelowTheEnd) {
    const Bytes bytes = bytes_of({{Offset{1010}, 100}, {Offset{1020}, 200}});
    const OffsetIndexView index(bytes, kBase);
    EXPECT_EQ(index.entries_below(Offset{1010}), 0u);
    EXPECT_EQ(index.entries_below(Offset{1011}), 1u);
    EXPECT_EQ(index.entries_below(Offset{1020}), 1u);
    EXPECT_EQ(index.entries_below(Offset{1021}), 2u);
}

TEST(OffsetIndex, SanityNoticesWhatACrashLeaves) {
    const std::vector<OffsetIndexEntry> good = {{Offset{1010}, 100}, {Offset{1020}, 200}};
    Bytes bytes = bytes_of(good);
    EXPECT_TRUE(OffsetIndexView(bytes, kBase).is_sane(201));
    EXPECT_FALSE(OffsetIndexView(bytes, kBase).is_sane(200)) << "an entry behind the segment's end";
    // Preallocated zeros look like entries of the base offset.
    bytes.resize(bytes.size() + kOffsetIndexEntryBytes);
    EXPECT_FALSE(OffsetIndexView(bytes, kBase).is_sane(1000));
    bytes.resize(bytes.size() - 1);
    EXPECT_FALSE(OffsetIndexView(bytes, kBase).is_sane(1000));
    EXPECT_FALSE(OffsetIndexView(bytes_of({good[1], good[0]}), kBase).is_sane(1000));
    EXPECT_TRUE(OffsetIndexView({}, kBase).is_sane(0));
}

TEST(OffsetIndexDeathTest, RefusesAnOffsetOutsideTheSegment) {
    EXPECT_DEATH(encode({Offset{999}, 0}, kBase), "segment's base");
    EXPECT_DEATH(encode({kBase + (std::int64_t{1} << 31), 0}, kBase), "an offset in the segment");
}

}  // namespace
}  // namespace millrace
