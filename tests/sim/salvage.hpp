// The way out of damage, while no broker runs, and whether its report is the truth.
#pragma once

#include "cluster/brokerd/broker.hpp"
#include "tests/sim/ledger.hpp"
#include "tests/sim/outcome.hpp"
#include "tests/sim/sim_world.hpp"

#include <optional>
#include <string>

namespace millrace::sim {

/// Each salvage is a process of its own that is gone when it has ended.
class Salvage {
public:
    Salvage(Simulation& simulation, Ledger& ledger, Outcome& outcome, const BrokerConfig& config,
            bool print_log)
        : simulation_(simulation),
          ledger_(ledger),
          outcome_(outcome),
          config_(config),
          print_log_(print_log) {}

    Result<LossReport> accept_loss(const std::string& folder);
    /// Complains unless the report names what a start missed of what was `known` before.
    void check_loss(const LossReport& report, std::int32_t partition, std::int64_t known);

private:
    Task<> accept_loss_in(World& world, Logger& logger, std::string folder,
                          std::optional<Result<LossReport>>& report);

    Simulation& simulation_;
    Ledger& ledger_;
    Outcome& outcome_;
    const BrokerConfig& config_;
    const bool print_log_;
};

}  // namespace millrace::sim
