// `millrace recover`: a log directory brought into the state of a clean stop.
#pragma once

#include "cluster/replication/topics.hpp"

namespace millrace {

/// True when any broker may have the one directory of `options` now. What stands against it has
/// been logged.
Task<bool> recover_directory(World& world, Logger& logger, Topics::Options options,
                             bool accepts_loss);

}  // namespace millrace
