#include "core/storage/durability_probe.hpp"

#include "core/base/aligned_bytes.hpp"

#include <algorithm>

namespace millrace {
namespace {

// Enough to miss a moment when the device is busy; a disk that turns takes 30 ms for all of them.
constexpr int kTries = 3;

Task<Result<Duration>> time_one(World& world, File& file, std::uint64_t offset,
                                bool durable_write) {
    AlignedBytes zeros(kBlockBytes);
    zeros.zero();
    const Time begun = world.now();
    auto outcome = co_await file.write_whole_at(offset, zeros.bytes(), durable_write);
    if (outcome && !durable_write) outcome = co_await file.sync(SyncScope::kData);
    if (!outcome) co_return outcome.error();
    co_return world.now() - begun;
}

}  // namespace

Task<Result<DurabilityProbe>> probe_durability(World& world, File& file, std::uint64_t offset) {
    DurabilityProbe probe{Duration::max(), Duration::max()};
    for (int i = 0; i < kTries; ++i) {
        const auto one = co_await time_one(world, file, offset, true);
        if (!one) co_return one.error();
        const auto two = co_await time_one(world, file, offset, false);
        if (!two) co_return two.error();
        probe.durable_write = std::min(probe.durable_write, *one);
        probe.write_and_sync = std::min(probe.write_and_sync, *two);
    }
    co_return probe;
}

}  // namespace millrace
