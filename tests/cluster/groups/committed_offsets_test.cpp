#include "cluster/groups/committed_offsets.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

CommittedOffset at(std::int64_t offset, std::int64_t record) {
    CommittedOffset made;
    made.offset = offset;
    made.record = Offset{record};
    return made;
}

TEST(CommittedOffsetsTest, TheLaterRecordCounts) {
    CommittedOffsets offsets;
    offsets.put({1, 0}, at(10, 5));
    offsets.put({0, 3}, at(7, 6));
    offsets.put({1, 0}, at(9, 4));
    EXPECT_EQ(offsets.find({1, 0})->offset, 10);
    offsets.put({1, 0}, at(3, 7));
    EXPECT_EQ(offsets.find({1, 0})->offset, 3) << "back on purpose";
    ASSERT_EQ(offsets.all().size(), 2u);
    EXPECT_EQ(offsets.all().front().key, (OffsetKey{0, 3}));
    EXPECT_EQ(offsets.find({2, 0}), nullptr);
    EXPECT_TRUE(offsets.remove({1, 0}));
    EXPECT_FALSE(offsets.remove({1, 0}));
}

TEST(CommittedOffsetsTest, ACommitIsUnderWayUntilAllOfItsKindHaveEnded) {
    CommittedOffsets offsets;
    EXPECT_TRUE(offsets.is_bare());
    offsets.begin({1, 0});
    offsets.begin({1, 0});
    offsets.end({1, 0});
    EXPECT_TRUE(offsets.is_under_way({1, 0}));
    EXPECT_FALSE(offsets.is_bare());
    offsets.end({1, 0});
    EXPECT_TRUE(offsets.is_bare());
}

TEST(CommittedOffsetsTest, ALineIsSmall) { EXPECT_LE(sizeof(CommittedOffsets::Line), 48u); }

TEST(CommittedOffsetsTest, LittleMoreRoomIsTakenThanIsNeeded) {
    CommittedOffsets offsets;
    for (std::int32_t i = 0; i < 1'000; ++i) {
        offsets.put({0, i * 7 % 1'000}, at(i, i));
        const std::size_t count = offsets.all().size();
        ASSERT_LE(offsets.all().capacity(), count + count / 4 + 1);
    }
    for (std::int32_t i = 0; i < 1'000; ++i) {
        ASSERT_EQ(offsets.find({0, i * 7 % 1'000})->offset, i);
    }
}

TEST(CommittedOffsetsTest, WhatFewOffsetsHaveIsKeptWithThem) {
    CommittedOffset offset;
    EXPECT_EQ(offset.metadata(), "");
    EXPECT_LT(offset.expires_at(), 0);
    offset.set_metadata("note");
    EXPECT_LT(offset.expires_at(), 0);
    offset.set_expires_at(7);
    EXPECT_EQ(offset.metadata(), "note");
    EXPECT_EQ(offset.expires_at(), 7);
}

TEST(TopicNumbersTest, ANameHasOneNumber) {
    TopicNumbers topics;
    const auto first = topics.number_of("first");
    EXPECT_NE(topics.number_of("second"), first);
    EXPECT_EQ(topics.number_of("first"), first);
    EXPECT_EQ(topics.name_of(first), "first");
    EXPECT_EQ(topics.find("third"), std::nullopt);
}

}  // namespace
}  // namespace millrace
