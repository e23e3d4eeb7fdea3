// Fresh producer ids, from blocks that the store hands out.
#pragma once

#include "cluster/replication/topics.hpp"
#include "core/runtime/wait_list.hpp"

namespace millrace {

/// Lives on its shard, with a block of its own.
class ProducerIds {
public:
    ProducerIds(World& world, Topics& topics) : world_(world), topics_(topics), fetched_(world) {}

    /// An id that was never given before, in this life or another. Errors: the store's.
    Task<Result<std::int64_t>> take();

private:
    Task<Result<void>> fetch();

    World& world_;
    Topics& topics_;
    std::int64_t next_{};
    std::int64_t end_{};
    bool fetching_{};
    std::int64_t fetches_{};
    WaitList fetched_;
};

}  // namespace millrace
