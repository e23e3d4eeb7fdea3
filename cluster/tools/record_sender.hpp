// Gathers records into batches and sends them to their leaders.
#pragma once

#include "cluster/tools/patience.hpp"
#include "core/storage/batch_builder.hpp"
#include "protocol/message/produce.hpp"

#include <deque>
#include <map>

namespace millrace {

struct SendOptions {
    Codec codec = Codec::kNone;
    std::int16_t acks = -1;  // 0, 1, or -1 for all
};

/// What a partition has taken.
struct Produced {
    std::int64_t records{};
    std::int64_t first_offset = -1;  // -1 with acks=0: nobody tells
    std::int64_t last_offset = -1;
};

/// To one topic. Lives on one shard. A batch that isn't answered is sent again, and may then be
/// there twice: records have no producer id here.
class RecordSender {
public:
    RecordSender(Cluster& cluster, std::string topic, const SendOptions& options)
        : cluster_(cluster), topic_(std::move(topic)), options_(options), patience_(cluster) {}

    /// Takes it into the partition's open batch.
    void add(std::int32_t partition, const std::optional<ByteView>& key,
             const std::optional<ByteView>& value);
    /// Bytes of records that were added and haven't left.
    std::size_t pending() const { return pending_; }

    /// Sends all that was added, with one request under way; success: all of it is acknowledged.
    Task<Outcome<>> flush();

    const std::map<std::int32_t, Produced>& produced() const { return produced_; }

private:
    struct Batch {
        Bytes bytes;
        std::int32_t records{};
    };
    using Round = std::map<std::int32_t, ProduceRequest>;  // by leader

    void close(std::int32_t partition);
    void close_all();
    Round next_round() const;
    Task<Outcome<>> send(std::int32_t leader, const ProduceRequest& request);
    Outcome<> take(const ProduceResponse& response);
    void count(std::int32_t partition, std::int64_t base_offset);

    Cluster& cluster_;
    const std::string topic_;
    const SendOptions options_;
    std::map<std::int32_t, BatchBuilder> open_;
    std::map<std::int32_t, std::size_t> open_bytes_;  // of the records in them
    std::map<std::int32_t, std::deque<Batch>> closed_;
    std::size_t pending_{};
    std::map<std::int32_t, Produced> produced_;
    std::optional<Failure> trouble_;  // that may pass
    Patience patience_;
};

}  // namespace millrace
