// One run of `millrace consume`: what it reads, how far it has come, where it stands in its group.
#pragma once

#include "cluster/tools/consume_tool.hpp"
#include "cluster/tools/fetcher.hpp"
#include "cluster/tools/membership.hpp"
#include "cluster/tools/progress.hpp"

namespace millrace {

/// Lives on one shard, for one run.
class Consumption {
public:
    Consumption(Cluster& cluster, const ConsumeOptions& options, const Terminal& terminal);

    /// To the end, whatever it is.
    Task<Outcome<>> run();

private:
    bool in_group() const { return !options_.group.empty(); }
    bool is_over() const;
    std::string summary() const;

    Task<Outcome<>> take_up();
    Task<Outcome<>> join();
    Task<Outcome<>> begin_at(const std::vector<TopicPartition>& partitions,
                             const Offsets& committed);
    Task<Outcome<>> go_on();
    /// Success: what is to be read is known, and ours.
    Task<Outcome<>> get_ready();
    Task<Outcome<>> stay_in_group();
    Task<Outcome<>> read_some();
    Task<> show_progress();
    Task<Outcome<>> flush();
    Task<Outcome<>> commit();
    Task<Outcome<>> end();
    bool take(const ConsumedRecord& record);
    void drop_what_is_done();

    Cluster& cluster_;
    const ConsumeOptions& options_;
    const Terminal& terminal_;
    Output output_;
    Progress progress_;
    Fetcher fetcher_;
    std::optional<Membership> membership_;
    Offsets begins_;
    Offsets stops_;    // of what is read only to an end; what has reached it is read no further
    Offsets written_;  // the next offsets of what has left, and isn't committed
    std::int64_t lag_{};
    Time next_commit_{};
    Patience patience_;
    bool is_taken_up_{};  // the partitions; false again when the group divides them anew
    bool reader_has_gone_{};
};

}  // namespace millrace
