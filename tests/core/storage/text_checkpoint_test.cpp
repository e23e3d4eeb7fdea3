#include "core/storage/text_checkpoint.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(OffsetCheckpoint, RoundTripsInKafkasShape) {
    const std::vector<OffsetCheckpointEntry> entries = {
        {{"orders", PartitionIndex{0}}, Offset{17}},
        {{"a.b-c_d", PartitionIndex{12}}, Offset{9'000'000'000}}};
    const std::string text = format_offset_checkpoint(entries);
    EXPECT_EQ(text, "0\n2\norders 0 17\na.b-c_d 12 9000000000\n");
    EXPECT_EQ(*parse_offset_checkpoint(text), entries);
    EXPECT_EQ(format_offset_checkpoint({}), "0\n0\n");
    EXPECT_TRUE(parse_offset_checkpoint("0\n0\n")->empty());
}

TEST(OffsetCheckpoint, AcceptsAMissingLastLineEnd) {
    EXPECT_EQ(parse_offset_checkpoint("0\n1\norders 0 17")->size(), 1u);
}

TEST(OffsetCheckpoint, RefusesAnotherVersion) {
    EXPECT_EQ(parse_offset_checkpoint("1\n0\n").error(), Errc::kUnsupportedVersion);
}

TEST(OffsetCheckpoint, RefusesWhatIsNotWhole) {
    for (const std::string_view text :
         {"", "0", "0\n", "zero\n0\n", "0\n2\nt 0 1\n", "0\n0\nt 0 1\n", "0\n-1\n", "0\n1\nt 0\n",
          "0\n1\nt 0 1 2\n", "0\n1\nt -1 5\n", "0\n1\nt x 5\n", "0\n1\n 0 5\n", "0\n1\nt 0 5x\n",
          "0\n99999999999999999999\n", "0\n1\nt 0 1\n\n", "0\n1\nt 4294967296 1\n"})
        EXPECT_EQ(parse_offset_checkpoint(text).error(), Errc::kMalformed) << text;
}

TEST(LeaderEpochs, RoundTrip) {
    const std::vector<LeaderEpochEntry> entries = {{LeaderEpoch{0}, Offset{0}},
                                                   {LeaderEpoch{4}, Offset{120}}};
    const std::string text = format_leader_epochs(entries);
    EXPECT_EQ(text, "0\n2\n0 0\n4 120\n");
    EXPECT_EQ(*parse_leader_epochs(text), entries);
}

TEST(LeaderEpochs, RefusesWhatDoesNotRise) {
    EXPECT_EQ(parse_leader_epochs("0\n2\n4 0\n4 120\n").error(), Errc::kMalformed);
    EXPECT_EQ(parse_leader_epochs("0\n2\n4 120\n5 120\n").error(), Errc::kMalformed);
    EXPECT_EQ(parse_leader_epochs("0\n1\n-1 0\n").error(), Errc::kMalformed);
    EXPECT_EQ(parse_leader_epochs("0\n1\n1 0 0\n").error(), Errc::kMalformed);
}

}  // namespace
}  // namespace millrace
