#include "core/storage/partition_metadata.hpp"

#include "core/base/prng.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Uuid, TextRoundTrips) {
    Prng prng(4);
    for (int round = 0; round < 200; ++round) {
        Uuid uuid;
        for (std::byte& byte : uuid.bytes) byte = static_cast<std::byte>(prng.below(256));
        EXPECT_EQ(parse_uuid(uuid.to_string()), uuid);
    }
}

TEST(Uuid, RefusesTextThatSpellsNone) {
    EXPECT_EQ(parse_uuid("AAAAAAAAAAAAAAAAAAAAAA"), Uuid{});
    EXPECT_FALSE(parse_uuid(""));
    EXPECT_FALSE(parse_uuid("AAAAAAAAAAAAAAAAAAAAA"));
    EXPECT_FALSE(parse_uuid("AAAAAAAAAAAAAAAAAAAAAAA"));
    EXPECT_FALSE(parse_uuid("AAAAAAAAAA+AAAAAAAAAAA"));
    EXPECT_FALSE(parse_uuid("AAAAAAAAAA=AAAAAAAAAAA"));
    EXPECT_FALSE(parse_uuid("AAAAAAAAAAAAAAAAAAAAAB")) << "bits behind the last byte";
}

TEST(PartitionMetadata, RoundTripsInKafkasShape) {
    const Uuid id = *parse_uuid("kG7p-Pb_RlabNQCFbZyE9A");
    const std::string text = format_partition_metadata(id);
    EXPECT_EQ(text, "version: 0\ntopic_id: kG7p-Pb_RlabNQCFbZyE9A\n");
    EXPECT_EQ(*parse_partition_metadata(text), id);
    EXPECT_EQ(*parse_partition_metadata("version: 0\ntopic_id: kG7p-Pb_RlabNQCFbZyE9A"), id);
}

TEST(PartitionMetadata, RefusesEverythingElse) {
    EXPECT_EQ(parse_partition_metadata("version: 1\ntopic_id: kG7p-Pb_RlabNQCFbZyE9A\n").error(),
              Errc::kUnsupportedVersion);
    for (const std::string_view text :
         {"", "version: 0\n", "version: x\n", "topic_id: kG7p-Pb_RlabNQCFbZyE9A\nversion: 0\n",
          "version: 0\ntopic_id: short\n", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA\n",
          "version: 0\ntopic_id: kG7p-Pb_RlabNQCFbZyE9A\nmore\n"})
        EXPECT_EQ(parse_partition_metadata(text).error(), Errc::kMalformed) << text;
}

}  // namespace
}  // namespace millrace
