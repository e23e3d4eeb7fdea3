// What all shards of a process have counted.
#pragma once

#include "core/runtime/task.hpp"
#include "core/runtime/world.hpp"

namespace millrace {

/// Added up by a visit to every shard; returns when each has answered, which also shows that their
/// loops turn.
Task<MetricsSnapshot> figures_of_all(World& world);

}  // namespace millrace
