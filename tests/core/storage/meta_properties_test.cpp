#include "core/storage/meta_properties.hpp"

#include "core/storage/partition_metadata.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(MetaProperties, RoundTrips) {
    MetaProperties properties{BrokerId{3}, "Lc8-cluster_id", parse_uuid("kG7p-Pb_RlabNQCFbZyE9A")};
    EXPECT_EQ(format_meta_properties(properties),
              "version=0\nbroker.id=3\ncluster.id=Lc8-cluster_id\n"
              "directory.id=kG7p-Pb_RlabNQCFbZyE9A\n");
    EXPECT_EQ(*parse_meta_properties(format_meta_properties(properties)), properties);
    properties.directory_id.reset();
    EXPECT_EQ(*parse_meta_properties(format_meta_properties(properties)), properties);
}

TEST(MetaProperties, ReadsWhatJavaWrites) {
    const auto properties = parse_meta_properties(
        "#\n#Mon Jan 05 10:00:00 UTC 2026\ncluster.id=abc\nversion=0\nbroker.id=7\n"
        "some.later.key=1\n");
    ASSERT_TRUE(properties.has_value());
    EXPECT_EQ(properties->broker_id, BrokerId{7});
    EXPECT_EQ(properties->cluster_id, "abc");
    EXPECT_FALSE(properties->directory_id);
}

TEST(MetaProperties, RefusesKraftDirectories) {
    EXPECT_EQ(parse_meta_properties("version=1\nnode.id=1\ncluster.id=a\n").error(),
              Errc::kUnsupportedVersion);
}

TEST(MetaProperties, RefusesWhatCannotBeRead) {
    for (const std::string_view text :
         {"", "broker.id=1\n", "version=x\n", "version=0\nbroker.id=-1\n",
          "version=0\nbroker.id=one\n", "version=0\ncluster.id=\n", "version=0\ndirectory.id=x\n"})
        EXPECT_EQ(parse_meta_properties(text).error(), Errc::kMalformed) << text;
}

TEST(MetaProperties, DirectoryBelongsToOneBrokerOfOneCluster) {
    const MetaProperties directory{BrokerId{3}, "here", {}};
    EXPECT_FALSE(check_belongs(directory, BrokerId{3}, "here"));
    EXPECT_EQ(check_belongs(directory, BrokerId{4}, "here"), Errc::kWrongDirectory);
    EXPECT_EQ(check_belongs(directory, BrokerId{3}, "there"), Errc::kWrongDirectory);
    EXPECT_FALSE(check_belongs({}, BrokerId{4}, "there")) << "a new directory belongs to nobody";
}

}  // namespace
}  // namespace millrace
