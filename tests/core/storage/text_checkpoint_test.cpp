#include "core/storage/text_checkpoint.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(TextCheckpoint, OffsetsAreKafkasLines) {
    const OffsetCheckpoint entries{{{"a", PartitionIndex{0}}, Offset{5}},
                                   {{"b-c", PartitionIndex{12}}, Offset{700}}};
    const std::string text = format_offset_checkpoint(entries);
    EXPECT_EQ(text, "0\n2\na 0 5\nb-c 12 700\n");
    EXPECT_EQ(parse_offset_checkpoint(text).value(), entries);
}

TEST(TextCheckpoint, Trap99_AWrongCountVersionOrLineIsMalformed) {
    for (const char* const text :
         {"", "1\n0\n", "0\n2\na 0 5\n", "0\n1\na 0\n", "0\n1\na x 5\n", "0\nx\n"}) {
        EXPECT_EQ(parse_offset_checkpoint(text).error(), make_error_code(Errc::kMalformed)) << text;
    }
}

TEST(TextCheckpoint, LeaderEpochsRoundTrip) {
    const std::vector<EpochStart> entries{{LeaderEpoch{0}, Offset{0}}, {LeaderEpoch{3}, Offset{9}}};
    EXPECT_EQ(format_leader_epochs(entries), "0\n2\n0 0\n3 9\n");
    EXPECT_EQ(parse_leader_epochs("0\n2\n0 0\n3 9\n").value(), entries);
    EXPECT_FALSE(parse_leader_epochs("0\n1\n0 0\n3 9\n"));
}

TEST(TextCheckpoint, UuidsAreBase64Url) {
    const auto id = parse_uuid("pGvLJKOlRuGLYXKLVfHkzQ");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), "pGvLJKOlRuGLYXKLVfHkzQ");
    EXPECT_EQ(id->bytes[0], std::byte{0xa4});
    EXPECT_FALSE(parse_uuid("pGvLJKOlRuGLYXKLVfHkz"));
    EXPECT_FALSE(parse_uuid("pGvLJKOlRuGLYXKLVfHk+Q"));
}

TEST(TextCheckpoint, PartitionMetadataNamesTheTopicId) {
    const Uuid id = *parse_uuid("pGvLJKOlRuGLYXKLVfHkzQ");
    EXPECT_EQ(format_partition_metadata(id), "version: 0\ntopic_id: pGvLJKOlRuGLYXKLVfHkzQ");
    EXPECT_EQ(parse_partition_metadata("version: 0\ntopic_id: pGvLJKOlRuGLYXKLVfHkzQ\n").value(),
              id);
    EXPECT_FALSE(parse_partition_metadata("version: 1\ntopic_id: pGvLJKOlRuGLYXKLVfHkzQ"));
}

TEST(TextCheckpoint, MetaPropertiesOfZooKeeperMode) {
    const auto meta =
        parse_meta_properties("#Tue\nversion=0\nbroker.id=3\ncluster.id=abc\ndirectory.id=d\n");
    ASSERT_TRUE(meta);
    EXPECT_EQ(meta->broker_id, 3);
    EXPECT_EQ(meta->cluster_id, "abc");
    EXPECT_EQ(meta->directory_id, "d");
    EXPECT_EQ(parse_meta_properties(format_meta_properties(*meta))->cluster_id, "abc");
    EXPECT_FALSE(parse_meta_properties("version=1\nnode.id=3\ncluster.id=abc\n"));
}

TEST(TextCheckpoint, FolderNamesSplitAtTheLastDash) {
    const auto name = parse_folder_name("a-b-12");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->topic, "a-b");
    EXPECT_EQ(name->partition, PartitionIndex{12});
    for (const char* const other : {"a", "-1", "a-", "a-x", "a-b", "lost+found"}) {
        EXPECT_FALSE(parse_folder_name(other)) << other;
    }
}

}  // namespace
}  // namespace millrace
