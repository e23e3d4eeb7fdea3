// The choice between durable writes and syncs, and that the probe leaves a file as it was.
#include "core/storage/durability_probe.hpp"

#include "core/base/aligned_bytes.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

using std::chrono::microseconds;

TEST(DurabilityProbe, ASyncHasToBeClearlyFaster) {
    EXPECT_TRUE((DurabilityProbe{microseconds(11), microseconds(16)}).prefers_durable_write());
    EXPECT_TRUE((DurabilityProbe{microseconds(100), microseconds(55)}).prefers_durable_write());
    EXPECT_FALSE((DurabilityProbe{microseconds(4000), microseconds(1600)}).prefers_durable_write());
}

class DurabilityProbeTest : public OnRing {};

TEST_F(DurabilityProbeTest, WritesNothingButZerosIntoItsBlock) {
    const auto scenario = [](World& world, std::string path) -> Task<> {
        auto file = co_await File::open(world, path, OpenMode::kCreateNew);
        AlignedBytes before(3 * kBlockBytes);
        before.zero();
        before.data()[0] = std::byte{1};
        before.data()[2 * kBlockBytes] = std::byte{2};
        EXPECT_TRUE(co_await file->write_at(0, before.bytes()));
        const auto probe = co_await probe_durability(world, *file, kBlockBytes);
        EXPECT_TRUE(probe);
        EXPECT_GT(probe->durable_write.count(), 0);
        EXPECT_GT(probe->write_and_sync.count(), 0);
        Bytes after(before.size());
        EXPECT_TRUE(co_await file->read_at(0, after));
        EXPECT_TRUE(std::equal(after.begin(), after.end(), before.data()));
        EXPECT_EQ(*co_await file->size(), before.size());
        EXPECT_TRUE(co_await file->close());
    };
    run(scenario(*world_, folder_ + "/a"));
}

}  // namespace
}  // namespace millrace
