#include "uring/host_probe.hpp"

#include "tests/support/on_real_world.hpp"
#include "uring/sockets.hpp"

#include <cerrno>
#include <unistd.h>

namespace millrace {
namespace {

class HostProbe : public testing::Test, protected InFolder {};

TEST_F(HostProbe, AFolderIsMeasuredAndLeftAsItWas) {
    std::filesystem::create_directories(folder_ + "/data/t-0");
    const FolderFacts facts = probe_folder(folder_ + "/data");
    EXPECT_TRUE(facts.exists);
    EXPECT_EQ(facts.write_error, 0);
    EXPECT_EQ(facts.owner, facts.user);
    EXPECT_GE(facts.flush_us, 0);
    EXPECT_GT(facts.total_bytes, 0u);
    EXPECT_EQ(facts.folders, 1u);
    EXPECT_FALSE(facts.in_use);
    std::size_t entries = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder_ + "/data")) {
        entries += each.exists() ? 1 : 0;
    }
    EXPECT_EQ(entries, 1u);
}

TEST_F(HostProbe, AMissingFolderIsMeasuredAboveAndNotMade) {
    const FolderFacts facts = probe_folder(folder_ + "/a/b");
    EXPECT_FALSE(facts.exists);
    EXPECT_EQ(std::filesystem::path(facts.measured_in), std::filesystem::path(folder_));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/a"));
}

TEST_F(HostProbe, AFileInPlaceOfAFolderCannotBeWrittenIn) {
    EXPECT_NE(probe_folder("/proc/version").write_error, 0);
}

TEST_F(HostProbe, ATakenPortIsTold) {
    std::uint16_t port = 0;
    const std::int32_t handle = listen_on("127.0.0.1", port, ListenMode::kAlone);
    ASSERT_GE(handle, 0);
    EXPECT_EQ(probe_port("127.0.0.1", port).error, EADDRINUSE);
    close(handle);
    EXPECT_EQ(probe_port("127.0.0.1", port).error, 0);
}

TEST_F(HostProbe, NamesAreLookedUp) {
    const NameFacts here = probe_name("127.0.0.1");
    EXPECT_TRUE(here.is_here);
    EXPECT_EQ(here.addresses, std::vector<std::string>{"127.0.0.1"});
    // Of a block that is kept for documents.
    EXPECT_FALSE(probe_name("203.0.113.7").is_here);
    EXPECT_TRUE(probe_name("no such name").addresses.empty());
}

TEST_F(HostProbe, ARingAndLimitsAreTold) {
    const RingFacts ring = probe_ring();
    EXPECT_EQ(ring.refusal, "");
    EXPECT_FALSE(ring.kernel.empty());
    EXPECT_GT(probe_limits().descriptors, 0u);
}

}  // namespace
}  // namespace millrace
