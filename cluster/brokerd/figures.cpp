#include "cluster/brokerd/figures.hpp"

#include "core/runtime/shard_call.hpp"

#include <vector>

namespace millrace {
namespace {

Task<Result<void>> copy_figures(World& world, MetricsSnapshot& into) {
    into = world.metrics().registry.snapshot();
    co_return Result<void>();
}

}  // namespace

Task<MetricsSnapshot> figures_of_all(World& world) {
    std::vector<MetricsSnapshot> of_shard(world.shard_count());
    std::vector<ShardNumber> targets;
    for (ShardNumber each = 0; each < world.shard_count(); ++each) targets.push_back(each);
    const auto copy = [&world, &of_shard](std::size_t shard) {
        return copy_figures(world.peer(static_cast<ShardNumber>(shard)), of_shard[shard]);
    };
    (void)co_await visit_all(world, targets, copy);
    MetricsSnapshot all;
    for (const MetricsSnapshot& each : of_shard) all.merge(each);
    co_return all;
}

}  // namespace millrace
