// The members of a consumer group in a run: they join, divide the partitions among them, commit how
// far they are, fall silent, leave, die, and come back.
//
// Nothing of a generation may belong to two of them, no committed offset may get lost or move back,
// and once everything is calm they come to one generation in which every partition is somebody's.
#pragma once

#include "core/base/prng.hpp"
#include "protocol/message/join_group.hpp"
#include "tests/sim/broker_life.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/ledger.hpp"
#include "tests/sim/outcome.hpp"
#include "tests/sim/sim_world.hpp"

#include <array>
#include <map>
#include <string>
#include <vector>

namespace millrace::sim {

/// Each is a process of its own, which nothing kills.
class Members {
public:
    static constexpr int kMembers = 3;

    Members(Simulation& simulation, Ledger& ledger, Outcome& outcome, std::uint64_t seed)
        : simulation_(simulation), ledger_(ledger), outcome_(outcome), prng_(seed) {}

    /// With `nothing_lost`, what is acknowledged outlives everything that happens.
    void start(bool nothing_lost);
    /// From now on nobody leaves, dies or falls silent.
    void calm_down() { calm_ = true; }
    /// All are in one generation, and have every partition.
    bool is_settled() const;
    /// Of the group that is settled; -1 of one that isn't.
    std::int32_t generation() const { return is_settled() ? members_.front().generation : -1; }
    void stop() { stopping_ = true; }
    bool is_done() const { return done_ == kMembers; }

private:
    struct Member {
        int number{};
        std::string id{};
        std::int32_t generation{-1};  // in which it has its share; -1: none
        std::int32_t former{-1};      // in which it had one
        std::vector<std::int32_t> owned{};
        std::map<std::int32_t, std::int64_t> next{};  // what it would commit, by partition
    };
    enum class Goes { kOn, kToJoin, kAnew };

    Task<> live(int number);
    Task<bool> take_part(Client& client, Prng& prng, Member& member);
    Task<bool> join(Client& client, Member& member, JoinGroupResponse& joined);
    Task<bool> sync(Client& client, Member& member, const JoinGroupResponse& joined);
    Task<bool> learn_offsets(Client& client, Member& member);
    Task<Goes> work(Client& client, Prng& prng, Member& member);
    Task<Goes> be_difficult(Client& client, Prng& prng, Member& member);
    Task<Goes> beat(Client& client, const Member& member);
    Task<Goes> commit(Client& client, Prng& prng, Member& member);
    Task<> commit_late(Client& client, const Member& member);
    void note_owned(const Member& member);

    Simulation& simulation_;
    Ledger& ledger_;
    Outcome& outcome_;
    Prng prng_;
    bool nothing_lost_{};
    std::array<Member, kMembers> members_;
    std::map<std::pair<std::int32_t, std::int32_t>, std::string>
        owners_;  // by generation, partition
    std::array<std::int64_t, kPartitions> acknowledged_{};
    std::array<std::int64_t, kPartitions> tried_{};
    bool calm_{};
    bool stopping_{};
    int done_{};
};

}  // namespace millrace::sim
