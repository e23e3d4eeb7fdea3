// Reads partitions of a cluster from where they stand, batch by batch.
#pragma once

#include "cluster/tools/offsets.hpp"
#include "cluster/tools/patience.hpp"
#include "cluster/tools/record_output.hpp"
#include "core/storage/decompressor.hpp"
#include "protocol/message/fetch.hpp"

#include <functional>
#include <set>

namespace millrace {

/// Lives on one shard.
class Fetcher {
public:
    /// Takes a record; false when it doesn't want it, nor any behind it.
    using OnRecord = std::function<bool(const ConsumedRecord&)>;

    explicit Fetcher(Cluster& cluster)
        : cluster_(cluster), records_(decompressor_), patience_(cluster) {}

    /// Reads these from now on, each from its offset, and no others.
    void assign(const Offsets& positions);
    /// The offset that is read next of each partition: all before it were taken.
    const Offsets& positions() const { return positions_; }
    /// The ends, as the brokers told them last.
    const Offsets& ends() const { return ends_; }
    /// No longer asks for it.
    void drop(const TopicPartition& partition) { positions_.erase(partition); }

    /// One question to each leader, which waits for a moment where nothing was new before. A
    /// partition whose leader has gone is looked for anew; a failure when that takes longer than
    /// half a minute.
    Task<Outcome<>> fetch(const OnRecord& on_record);

private:
    using Led = std::vector<TopicPartition>;

    std::map<std::int32_t, Led> by_leader() const;
    FetchRequest request_for(const Led& led, std::size_t leaders) const;
    Task<Outcome<>> fetch_from(const Led& led, std::size_t leaders, const OnRecord& on_record);
    /// What needs more than a look at the records.
    Task<Outcome<>> put_back_inside();
    Outcome<> take(const FetchResponse& response, const OnRecord& on_record);
    Outcome<> take_partition(const TopicPartition& partition,
                             const FetchResponse::Partition& fetched, const OnRecord& on_record);
    Outcome<> take_records(const TopicPartition& partition, ByteView bytes,
                           const OnRecord& on_record);
    Outcome<bool> take_batch(const TopicPartition& partition, const RecordBatchView& batch,
                             const OnRecord& on_record);

    Cluster& cluster_;
    Decompressor decompressor_;
    RecordReader records_;
    Offsets positions_;
    Offsets ends_;
    std::set<TopicPartition> outside_;  // of what their logs hold
    std::int64_t taken_{};              // records
    bool is_idle_{};                    // nothing came with the last question
    std::optional<Failure> trouble_;    // of a partition, that may pass
    Patience patience_;
};

}  // namespace millrace
