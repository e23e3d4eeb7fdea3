// The records of __consumer_offsets, byte by byte, and the partition that keeps a group.
#include "cluster/groups/group_records.hpp"

#include "protocol/message/offset_commit_key.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

/// The records of a batch, read back.
std::vector<CoordinatorRecord> read_all(const Bytes& batch) {
    std::vector<CoordinatorRecord> records;
    Decompressor decompressor;
    RecordReader reader(decompressor);
    const auto on_record = [&records](const RecordView& view) {
        auto record = read_record(view);
        EXPECT_TRUE(record);
        if (record) records.push_back(std::move(*record));
        return true;
    };
    EXPECT_TRUE(reader.read(RecordBatchView(batch), on_record));
    return records;
}

TEST(GroupRecordsTest, AGroupIsKeptWhereJavasHashSays) {
    EXPECT_EQ(group_partition("", 50), 0);
    EXPECT_EQ(group_partition("a", 50), 97 % 50);
    EXPECT_EQ(group_partition("ab", 1000), (97 * 31 + 98) % 1000);
    EXPECT_EQ(group_partition("polygenelubricants", 50), 0) << "the hash that has no opposite";
    EXPECT_EQ(group_partition("\xc3\xa9", 50), 0xe9 % 50);
    EXPECT_EQ(group_partition("\xf0\x9f\x98\x80", 1'000'000), (0xd83d * 31 + 0xde00) % 1'000'000)
        << "two units in Java's text";
}

TEST(GroupRecordsTest, OffsetsComeBackAsTheyWere) {
    for (const Codec codec : {Codec::kNone, Codec::kZstd}) {
        GroupBatch batch(codec, 1'000);
        CommittedOffset offset;
        offset.offset = 42;
        offset.leader_epoch = 7;
        offset.committed_at = 900;
        offset.set_metadata("note");
        batch.put_offset("g", "t", 3, offset);
        batch.drop_offset("g", "t", 4);
        batch.drop_group("g");
        const auto records = read_all(std::move(batch).finish());
        ASSERT_EQ(records.size(), 3u);
        const auto& first = std::get<OffsetRecord>(records[0]);
        EXPECT_EQ(first.group, "g");
        EXPECT_EQ(first.topic, "t");
        EXPECT_EQ(first.partition, 3);
        EXPECT_EQ(first.value->offset, 42);
        EXPECT_EQ(first.value->leader_epoch, 7);
        EXPECT_EQ(first.value->committed_at, 900);
        EXPECT_EQ(first.value->expires_at(), -1);
        EXPECT_EQ(first.value->metadata(), "note");
        EXPECT_FALSE(std::get<OffsetRecord>(records[1]).value);
        EXPECT_FALSE(std::get<GroupRecord>(records[2]).value);
    }
}

TEST(GroupRecordsTest, TheExampleOfTheirPageIsTrue) {
    GroupBatch batch(Codec::kNone, 1'000);
    CommittedOffset offset;
    offset.offset = 42;
    offset.leader_epoch = 7;
    offset.committed_at = 1'000;
    batch.put_offset("g", "t", 0, offset);
    const Bytes bytes = std::move(batch).finish();
    Decompressor decompressor;
    RecordReader reader(decompressor);
    const auto on_record = [](const RecordView& view) {
        EXPECT_EQ(to_hex(*view.key), "000100016700017400000000");
        EXPECT_EQ(to_hex(*view.value), "0003000000000000002a00000007000000000000000003e8");
        return true;
    };
    EXPECT_TRUE(reader.read(RecordBatchView(bytes), on_record));
}

TEST(GroupRecordsTest, AnOffsetWithATimeOfItsOwnIsOfTheVersionThatHasOne) {
    GroupBatch batch(Codec::kNone, 1'000);
    CommittedOffset offset;
    offset.offset = 1;
    offset.leader_epoch = 7;
    offset.set_expires_at(5'000);
    batch.put_offset("g", "t", 0, offset);
    const auto records = read_all(std::move(batch).finish());
    const auto& read = std::get<OffsetRecord>(records[0]);
    EXPECT_EQ(read.value->expires_at(), 5'000);
    EXPECT_EQ(read.value->leader_epoch, -1) << "version 1 has no place for it";
}

TEST(GroupRecordsTest, Trap84_KeysOfVersionsZeroAndOneAreTheSame) {
    for (const std::int16_t version : {0, 1}) {
        OffsetCommitKey key;
        key.group = "g";
        key.topic = "t";
        key.partition = 2;
        Writer writer;
        writer.put(version);
        key.encode(writer, version);
        const Bytes bytes = writer.to_bytes();
        RecordView view;
        view.key = ByteView(bytes);
        const auto record = read_record(view);
        ASSERT_TRUE(record);
        EXPECT_EQ(std::get<OffsetRecord>(*record).group, "g");
        EXPECT_EQ(std::get<OffsetRecord>(*record).partition, 2);
    }
}

TEST(GroupRecordsTest, WhatAnotherCoordinatorWroteIsNamed) {
    const Bytes key{std::byte{0}, std::byte{3}};
    RecordView view;
    view.key = ByteView(key);
    const auto record = read_record(view);
    ASSERT_TRUE(record);
    EXPECT_EQ(std::get<UnknownRecord>(*record).version, 3);
    view.key.reset();
    EXPECT_EQ(read_record(view).error(), make_error_code(Errc::kMalformed));
    const Bytes cut{std::byte{0}, std::byte{1}, std::byte{0}};
    view.key = ByteView(cut);
    EXPECT_EQ(read_record(view).error(), make_error_code(Errc::kMalformed));
}

}  // namespace
}  // namespace millrace
