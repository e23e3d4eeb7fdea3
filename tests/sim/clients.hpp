// The clients of a run: they write, read and remember what they were told and shown.
#pragma once

#include "core/base/prng.hpp"
#include "tests/sim/broker_life.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/ledger.hpp"
#include "tests/sim/outcome.hpp"
#include "tests/sim/sim_world.hpp"

#include <array>
#include <deque>

namespace millrace::sim {

/// Each is a process of its own, which nothing kills. They end by themselves: a producer when all
/// its batches are acknowledged, a consumer once it is told to. Idempotent producers send what a
/// lost answer may have been about again, and up to four batches before it, as one with five
/// requests in flight would.
class Clients {
public:
    static constexpr int kProducers = 3;
    static constexpr int kConsumers = 2;
    enum class Producers { kPlain, kIdempotent };

    Clients(Simulation& simulation, Prng& prng, Ledger& ledger, Outcome& outcome,
            const BrokerLife& broker)
        : simulation_(simulation),
          prng_(prng),
          ledger_(ledger),
          outcome_(outcome),
          broker_(broker) {}

    /// With `deletes`, one of them deletes records now and then.
    void start(Producers producers, bool deletes);
    void stop_consumers() { consumers_stop_ = true; }
    /// One more reads every log from its beginning and has the ledger check it.
    void start_reader(bool& done);

    int producers_done() const { return producers_done_; }
    int consumers_done() const { return consumers_done_; }

private:
    /// What an idempotent producer has sent to one partition.
    struct Sequence {
        std::int32_t next{};
        std::deque<Bytes> newest;  // five at most, the last acknowledged or not
    };
    struct Sender {
        int number{};
        std::int64_t id{-1};  // -1: not idempotent
        std::array<Sequence, kPartitions> sequences;
    };

    Task<> produce(int producer);
    Bytes next_batch(Prng& prng, Sender& sender, int number, std::int32_t partition);
    Task<> produce_surely(Client& client, World& world, Prng& prng, Sender& sender,
                          std::int32_t partition);
    Task<bool> produce_again(Client& client, Prng& prng, Sender& sender, std::int32_t partition,
                             std::int16_t acks);
    Task<> make_topic(Client& client, World& world);
    Task<bool> produce_once(Client& client, std::int32_t partition, const Bytes& batch,
                            std::int16_t acks);
    Task<> consume();
    Task<> delete_records();
    Task<> find_begin(Client& client, std::int32_t partition, std::int64_t& at);
    Task<bool> fetch_once(Client& client, std::int32_t partition, std::int64_t& at,
                          std::int32_t bytes_max, std::int32_t wait_ms, Bytes& into);
    void note_answer(std::int16_t code);
    Task<> read_all(bool& done);

    Simulation& simulation_;
    Prng& prng_;
    Ledger& ledger_;
    Outcome& outcome_;
    const BrokerLife& broker_;
    Producers producers_{};
    bool consumers_stop_{};
    int producers_done_{};
    int consumers_done_{};
};

}  // namespace millrace::sim
