// Waiting for a cluster that elects leaders or starts a broker anew.
#pragma once

#include "cluster/tools/cluster.hpp"

#include <optional>

namespace millrace {

/// Of somebody who asks the same again until it works. Lives on one shard.
class Patience {
public:
    explicit Patience(Cluster& cluster) : cluster_(cluster) {}

    /// Waits a moment and asks who leads what by now. `reason` when there has been trouble for
    /// longer than half a minute.
    Task<Outcome<>> look_anew(const Failure& reason);
    void end_of_trouble() { trouble_since_.reset(); }

private:
    Cluster& cluster_;
    std::optional<Time> trouble_since_;
};

}  // namespace millrace
