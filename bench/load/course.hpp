// What the connections of one run have in common: when it is measured, what was counted, and what
// ended it.
#pragma once

#include "cluster/tools/outcome.hpp"
#include "core/observe/histogram.hpp"
#include "core/runtime/timer_queue.hpp"

#include <map>
#include <optional>

namespace millrace::bench {

struct Tally {
    std::uint64_t requests{};  // answered while it is measured; with acks=0 sent
    std::uint64_t batches{};
    std::uint64_t records{};
    std::uint64_t records_in_all{};   // before and afterwards too
    std::uint64_t requests_unsent{};  // of an open loop: they were due, and their turn never came
    /// Of requests that were due while it is measured, from then on, however late the answer came.
    Histogram latency_ns;
    /// Batches that were refused, by code.
    std::map<std::int16_t, std::uint64_t> errors;
};

/// Lives on one shard, as all who use it do.
class Course {
public:
    Tally tally;

    /// From now on, first the warm-up.
    void begin(Time now, Duration warm_up, Duration measured) {
        began_ = now;
        measured_from_ = now + warm_up;
        ends_ = measured_from_ + measured;
    }
    Time began() const { return began_; }
    Time measured_from() const { return measured_from_; }
    Time ends() const { return ends_; }
    bool is_over(Time now) const { return failure_ || now >= ends_; }

    /// What was answered at this moment, or with acks=0 left.
    void count(Time now, std::uint64_t requests, std::uint64_t batches, std::uint64_t records);
    void count_latency(Time due, Time now);
    /// A batch was refused. What no client would try again ends the run.
    void refuse(const std::string& place, std::int16_t code);

    /// The first one counts.
    void fail(Failure failure);
    const std::optional<Failure>& failure() const { return failure_; }

private:
    bool is_measured(Time at) const { return at >= measured_from_ && at < ends_; }

    Time began_{};
    Time measured_from_{};
    Time ends_{};
    std::optional<Failure> failure_;
};

}  // namespace millrace::bench
