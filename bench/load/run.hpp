// One run of the load generator: a topic, connections to the brokers that lead its partitions, a
// warm-up, and what is measured.
#pragma once

#include "bench/load/producer.hpp"
#include "cluster/tools/cluster.hpp"
#include "cluster/tools/terminal.hpp"

namespace millrace::bench {

/// Lives on one shard. Whoever measured closes it.
class Run {
public:
    /// `shape` and `terminal` outlive it.
    Run(World& world, const Shape& shape, const Terminal& terminal);

    /// Success: the whole run was carried out. All is answered then.
    Task<Outcome<>> measure();
    /// Leaves the brokers as it was told to.
    Task<Outcome<>> close();

    const Tally& tally() const { return course_.tally; }
    std::int32_t partitions() const { return partitions_; }
    std::size_t connections() const { return producers_.size(); }
    /// Of this process while it was measured.
    double cpu_s() const { return cpu_s_; }

private:
    Task<Outcome<>> find_topic();
    Task<Outcome<>> prepare();
    Task<Outcome<>> prepare_for(std::int32_t leader, const std::vector<PreparedBatch>& batches);
    void add_producers(const Endpoint& broker, std::int16_t version, std::int32_t leader);
    Task<Outcome<>> open_all();
    Task<> send_all();
    Task<> pass_time();
    Task<> tell_begin();
    Task<> show_progress();

    World& world_;
    const Shape& shape_;
    const Terminal& terminal_;
    Cluster cluster_;
    Course course_;
    std::int32_t partitions_{};
    std::uint64_t batches_in_all_{};  // of one turn through all partitions and keys
    std::map<std::int32_t, std::vector<PreparedRequest>> requests_;  // by leader
    std::deque<Producer> producers_;
    double cpu_s_{};
};

}  // namespace millrace::bench
