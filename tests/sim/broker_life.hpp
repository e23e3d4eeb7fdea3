// The broker of a run, one life after the other.
#pragma once

#include "cluster/brokerd/broker.hpp"
#include "tests/sim/ledger.hpp"
#include "tests/sim/lines.hpp"
#include "tests/sim/outcome.hpp"
#include "tests/sim/sim_world.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace::sim {

inline constexpr std::int32_t kPartitions = 4;
inline const std::string kTopic = "t";

/// Owns the process that the broker lives in, one at most at a time, and tells the ledger what
/// each start finds. Its lines outlive it: what a dead one logged still counts.
class BrokerLife {
public:
    enum class State { kStarting, kRunning, kFailed, kStopped };

    BrokerLife(Simulation& simulation, Ledger& ledger, Outcome& outcome, const BrokerConfig& config,
               bool print_log)
        : simulation_(simulation),
          ledger_(ledger),
          outcome_(outcome),
          config_(config),
          print_log_(print_log) {}

    /// With `may_lose` it may find less than was told and shown.
    void start(ShardNumber shards, bool may_lose);
    /// Kills it, or takes its power away.
    void end(bool power);
    /// It stops as soon as it runs; leave() follows once it has.
    void ask_to_stop() { stop_wanted_->wake_through(0); }
    void leave();

    bool is_starting() const { return state_ == State::kStarting; }
    bool is_running() const { return state_ == State::kRunning; }
    /// A start or a stop has failed.
    bool has_failed() const { return state_ == State::kFailed; }
    bool has_stopped() const { return state_ == State::kStopped; }
    bool is_degraded() const { return sinks_.back()->is_degraded; }
    bool is_damaged() const { return sinks_.back()->is_damaged; }

private:
    Task<> serve(World& world, Logger& logger, WaitList& stop_wanted);
    void note_ends(const Broker& broker);

    Simulation& simulation_;
    Ledger& ledger_;
    Outcome& outcome_;
    const BrokerConfig& config_;
    const bool print_log_;
    std::vector<std::unique_ptr<Lines>> sinks_;
    std::vector<std::unique_ptr<Logger>> loggers_;
    std::unique_ptr<WaitList> stop_wanted_;
    SimProcess* broker_{};
    State state_{State::kStarting};
    std::vector<bool> may_lose_ = std::vector<bool>(kPartitions, false);
};

}  // namespace millrace::sim
