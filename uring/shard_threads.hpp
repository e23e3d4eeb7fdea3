// A thread per shard, each with a ring world of its own: opened on its thread, run there, and ended
// there.
#pragma once

#include "core/runtime/shard.hpp"
#include "uring/ring_world.hpp"

#include <memory>

namespace millrace {

/// How many processors this process may use: what `shards=0` means.
ShardNumber available_processors();

struct ShardThreadsOptions {
    ShardNumber count = 1;
    RingFeatures allowed = RingFeatures::all();
    /// Shard n stays on the n-th processor that the process may use.
    bool pin = false;
};

/// Owned by the process's first thread, which is shard 0; the others wait for their mail from
/// open() on. What runs on them is started and ended by shard 0, through shard calls.
class ShardThreads {
public:
    /// Opens all rings. The error is the kernel's for the first ring that it refuses
    /// (explain_refusal() says what to do about it), and then no thread is left.
    static Result<std::unique_ptr<ShardThreads>> open(const ShardThreadsOptions& options);
    /// Ends the other shards' loops and joins their threads.
    ~ShardThreads();

    /// Shard 0; run() it on this thread.
    RingWorld& first();
    Shards& shards();

private:
    class Impl;
    explicit ShardThreads(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace millrace
