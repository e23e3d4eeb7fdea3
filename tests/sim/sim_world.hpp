// The simulated world: virtual time, a seeded order of everything, one disk, one network, and
// processes that can be killed at any moment. One seed gives one run.
#pragma once

#include "core/runtime/shard.hpp"
#include "tests/sim/sim_disk.hpp"
#include "tests/sim/sim_network.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace millrace::sim {

class Simulation;

/// One shard of a process: a life of the broker, or a client, which has one.
class SimProcess final : public World {
public:
    SimProcess(Simulation& simulation, std::uint32_t process, std::uint32_t number, Prng prng)
        : simulation_(simulation), process_(process), number_(number), prng_(prng) {}
    ~SimProcess();

    void submit(Operation& operation) override;
    void cancel(Operation& operation) override;
    void close_unheard(std::int32_t handle) override;
    Time now() const override;
    std::int64_t wall_clock_ms() const override;
    std::uint64_t random() override { return prng_.next(); }
    void wake(World& peer) override;
    /// Connections that want to come in are refused now and then.
    bool has_time() override { return prng_.next() % 4 != 0; }

    /// The same for all shards of a process.
    std::uint32_t process() const { return process_; }
    /// Different for each of them.
    std::uint32_t number() const { return number_; }

private:
    friend class Simulation;

    struct InFlight {
        Operation* operation;
        std::uint64_t disk_ticket;  // 0: not a request of the disk
    };

    bool is_runnable() const { return !ready().empty() || awake_; }
    /// A turn of the loop: mail, due timers, then some of what is ready.
    void run_turn();
    void complete(std::uint64_t id, std::int32_t result);
    /// Everything that the process had begun goes, at this very moment.
    void die();

    Simulation& simulation_;
    const std::uint32_t process_;
    const std::uint32_t number_;
    Prng prng_;
    bool awake_{true};  // looks for mail in its next turn, or has some that found no place
    std::map<std::uint64_t, InFlight> in_flight_;
    // No two shards of a process give the same.
    std::uint64_t next_id_{std::uint64_t{number_} << 32 | 1};
};

class Simulation {
public:
    explicit Simulation(std::uint64_t seed);
    ~Simulation();

    /// Its shard 0; the others are its peers.
    SimProcess& start_process(ShardNumber shards = 1);
    /// kill -9: what was in flight may have happened or not; the peers' connections break.
    void kill(SimProcess& process);
    /// The machine of `process` loses power: what its disk had not been asked to keep may be gone,
    /// and its peers hear nothing.
    void lose_power(SimProcess& process);

    /// Runs until `done()` or nothing can happen any more; false then.
    bool run_until(const std::function<bool()>& done);
    /// The same, and false when it takes longer than `limit`.
    bool run_until(const std::function<bool()>& done, Duration limit);

    Time now() const { return now_; }
    Prng& prng() { return prng_; }
    SimDisk& disk() { return disk_; }
    SimNetwork& network() { return network_; }
    /// Of everything that has happened, in order.
    std::uint64_t trace_hash() const { return trace_hash_; }
    std::uint64_t steps() const { return steps_; }

    void after(Duration delay, std::function<void()> act);

    /// `hear` is told whose code runs from now on: a process's, or, with nothing, the simulation's
    /// own.
    void on_turn(std::function<void(const SimProcess*)> hear) { hear_turn_ = std::move(hear); }

private:
    friend class SimProcess;

    void tell_turn(const SimProcess* whose) const {
        if (hear_turn_) hear_turn_(whose);
    }

    void submit(SimProcess& process, Operation& operation, std::uint64_t id);
    void send_file(SimProcess& process, const IoRequest& wish, std::uint64_t id,
                   const std::function<void(std::int32_t)>& complete);
    void close_file(std::uint32_t process, std::int32_t handle);
    Duration disk_latency(IoKind kind);
    bool step();
    std::vector<SimProcess*> runnable();
    bool advance();
    void note(std::uint64_t first, std::uint64_t second);
    SimProcess* find(std::uint32_t number);
    void ring(std::uint32_t from, std::uint32_t woken);
    void end(SimProcess& process, bool silently);

    Prng prng_;
    Time now_{std::chrono::seconds(1)};
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
    std::uint64_t sequence_{};
    std::uint64_t trace_hash_{0xcbf29ce484222325};
    std::uint64_t steps_{};
    SimDisk disk_;
    SimNetwork network_;
    std::map<std::uint32_t, std::unique_ptr<SimProcess>> worlds_;
    std::map<std::uint32_t, std::unique_ptr<Shards>> processes_;
    std::uint32_t next_world_{1};
    std::function<void(const SimProcess*)> hear_turn_;
};

}  // namespace millrace::sim
