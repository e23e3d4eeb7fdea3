// From what a fetch wants to its answer: which logs are read, and what of them the client is told.
#pragma once

#include "cluster/handlers/log_reads.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/server/handler_table.hpp"

#include <vector>

namespace millrace {

/// What of a request concerns all of its partitions.
struct FetchTerms {
    std::int16_t version{};
    bool read_committed{};
    std::int32_t replica = -1;  // the broker that fetches, below 0 for a consumer
    bool only_news{};           // the client remembers the last answer
};

/// The answer to one request. `wanted` and the image outlive it.
class FetchAnswer {
public:
    FetchAnswer(BrokerContext& broker, const RequestContext& context, FetchTerms terms)
        : broker_(broker), context_(context), terms_(terms) {}

    /// Sorts out what can be read.
    void divide(const TopicsImage& image, FetchPartitions& wanted);

    /// To be read. Reading may be tried again after start_over().
    LogReads& reads() { return reads_; }
    void start_over();
    /// A partition was refused or has diverged: the client hears of it at once. Topics that nobody
    /// knows are no reason: whoever asks for them along with others waits like them, or a client
    /// would ask without end.
    bool is_urgent() const;
    /// There is nothing to wait for.
    bool wants_nothing() const { return reads_.empty() && refused_.empty(); }

    /// What was read goes into the response. `wanted` remembers what is told, and partitions with
    /// records go to the end of its order.
    FetchResponse finish(FetchPartitions& wanted);

private:
    struct Told {
        std::size_t place{};
        FetchPartition* wanted{};
        FetchResponse::Partition answer;
    };

    ErrorCode check(const FetchPartition& wanted, const FetchedTopic& topic, LogPlace& place) const;
    void refuse(std::vector<Told>& among, std::size_t place, FetchPartition& wanted, ErrorCode code,
                LeaderEpoch epoch);
    bool is_news(const LogRead& read) const;
    FetchResponse::Partition tell(LogRead& read) const;
    std::vector<Told> tell_all();
    FetchResponse::Partition failed(std::int32_t index, ErrorCode code) const;
    FetchResponse::Partition failed_read(std::int32_t index, ErrorCode code) const;
    ErrorCode in_version(ErrorCode code) const;

    BrokerContext& broker_;
    const RequestContext& context_;
    const FetchTerms terms_;
    LogReads reads_;
    std::vector<Told> refused_;
    std::vector<Told> unknown_;
};

}  // namespace millrace
