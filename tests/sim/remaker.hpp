// A client that makes a topic, writes to it, reads it back and deletes it, again and again under
// the same name: nothing of a deleted topic may come back.
#pragma once

#include "core/base/prng.hpp"
#include "core/base/types.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/ledger.hpp"
#include "tests/sim/sim_world.hpp"

#include <map>
#include <set>

namespace millrace::sim {

class Remaker {
public:
    /// What it may complain of.
    struct Promises {
        bool nothing_lost{};  // what is acknowledged outlives everything that happens
        bool nothing_back{};  // no start knows less of what topics there are than the one before
    };

    Remaker(Simulation& simulation, Ledger& ledger, std::uint64_t seed)
        : simulation_(simulation), ledger_(ledger), prng_(seed) {}

    void start(Promises promises);
    void stop() { stopping_ = true; }
    bool is_done() const { return done_; }
    /// Topics that were deleted.
    std::uint64_t rounds() const { return gone_.size(); }

private:
    Task<> remake();
    Task<> live_once(Client& client);
    Task<bool> make(Client& client);
    Task<bool> make_once(Client& client);
    Task<> write(Client& client);
    Task<bool> write_once(Client& client, const Bytes& batch);
    Task<> read(Client& client);
    Task<bool> read_on(Client& client, std::int64_t& next, Bytes& all);
    void check(ByteView batches);
    Task<> remove(Client& client);
    Task<> pause();

    Simulation& simulation_;
    Ledger& ledger_;
    Prng prng_;
    Promises promises_;
    Uuid id_;
    std::int64_t batches_made_{};
    std::set<std::uint32_t> sent_;                        // to the topic that there is, by checksum
    std::map<std::int64_t, std::uint32_t> acknowledged_;  // of it, by offset
    std::set<Uuid> gone_;
    bool stopping_{};
    bool done_{};
};

}  // namespace millrace::sim
