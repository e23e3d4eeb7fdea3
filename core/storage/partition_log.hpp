// A partition's log: batches in offset order, in segments, with an end that is accepted and an end
// that is durable.
//
// append() accepts a batch into the tail. One flusher per log writes what the tail holds in one
// gathered write and syncs it once: all batches that arrived meanwhile share the next write and
// sync (group commit). Nobody is told of, or shown, anything above durable_end().
#pragma once

#include "core/observe/logger.hpp"
#include "core/runtime/gate.hpp"
#include "core/runtime/wait_list.hpp"
#include "core/storage/log_segment.hpp"
#include "core/storage/text_checkpoint.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace millrace {

enum class Durability {
    kFlush,  // durable: on stable storage
    kOs,     // durable: written; survives the process, not the power
};

struct LogConfig {
    std::int64_t segment_bytes = 1 << 30;
    std::int64_t segment_ms = std::int64_t{7} * 24 * 3600 * 1000;
    std::int64_t segment_index_bytes = 10 << 20;
    std::int32_t index_interval_bytes = 4096;
    Durability durability = Durability::kFlush;
    /// Bytes that wait in one log's tail; beyond it, wait_for_room() waits.
    std::size_t tail_bytes_max = 16 << 20;
};

struct AppendInfo {
    Offset base_offset;
    Offset last_offset;
};

/// Batches as they lie in a segment. `batches` points into `memory`.
struct ReadResult {
    std::unique_ptr<std::byte[]> memory;
    ByteView batches;
};

struct FoundTimestamp {
    TimestampMs timestamp;
    Offset offset;
    LeaderEpoch leader_epoch;
};

/// Lives on one shard; owned by its LogDirectory.
class PartitionLog {
public:
    /// How the last stop left the log: `clean`, or with everything below `recovery_point` synced.
    struct Past {
        bool clean = false;
        Offset recovery_point;
        Offset log_start;
    };

    /// Makes the folder with partition.metadata, an empty epoch file and the first segment, all on
    /// stable storage.
    static Task<Result<std::unique_ptr<PartitionLog>>> create(World& world, Logger& logger,
                                                              std::string parent,
                                                              TopicPartition name, Uuid topic_id,
                                                              const LogConfig& config);
    static Task<Result<std::unique_ptr<PartitionLog>>> open(World& world, Logger& logger,
                                                            std::string parent, TopicPartition name,
                                                            const LogConfig& config, Past past);

    const TopicPartition& name() const { return name_; }
    const Uuid& topic_id() const { return topic_id_; }
    Offset log_start_offset() const { return log_start_; }
    Offset log_end_offset() const { return log_end_; }
    /// What consumers may see: everything below it can be acknowledged.
    Offset durable_end() const { return durable_end_; }
    /// Everything below is on stable storage, whatever the durability: the recovery point.
    Offset synced_end() const { return synced_end_; }
    Offset first_base() const { return segments_.begin()->first; }
    LeaderEpoch last_epoch() const;
    bool failed() const { return failed_; }

    /// Waits until the tail has room. Errc::kStorageFailed when the log is out of service.
    Task<Result<void>> wait_for_room();
    /// Accepts one validated batch: assigns offset and epoch in `batch` itself and copies it into
    /// the tail. Success promises order, not durability; wait_durable() does that.
    Result<AppendInfo> append(MutableBytes batch, LeaderEpoch epoch);
    /// Until everything below `end` is durable; Errc::kTimedOut at `deadline`, kStorageFailed after
    /// a failed write or sync.
    Task<Result<void>> wait_durable(Offset end, Time deadline);

    /// `moved` is called after every move of durable_end(), on this shard.
    void on_durable_moved(std::function<void()> moved) { durable_moved_ = std::move(moved); }

    /// Whole batches from the one that holds `from`, below durable_end(), at most `bytes_max` but
    /// with `at_least_one` the first one in any case. Errc::kOffsetOutOfRange below the log start
    /// and above the log end; empty at durable_end().
    Task<Result<ReadResult>> read(Offset from, std::size_t bytes_max, bool at_least_one);
    /// The first batch below durable_end() whose largest timestamp reaches `target`.
    Task<Result<std::optional<ReadResult>>> find_batch_by_time(TimestampMs target);
    /// The largest timestamp and the last offset of the batch that holds it.
    std::optional<FoundTimestamp> largest_timestamp() const;

    /// Writes and syncs what is accepted, then closes all files.
    Task<Result<void>> close();

private:
    struct Accepted {
        Bytes bytes;
        std::vector<BatchMeta> metas;
    };

    PartitionLog(World& world, Logger& logger, std::string parent, TopicPartition name,
                 const LogConfig& config);

    Task<Result<void>> load(Past past);
    Task<Result<void>> load_segment(Offset base, bool verify, bool& cut);
    Task<Result<void>> remove_segment_files(Offset base);
    /// Closes the files of a log that never came into service.
    Task<> abandon();
    Task<> flush_tail();
    Task<Result<void>> write_accepted(const Accepted& accepted);
    Task<Result<void>> write_run(ByteView bytes, std::span<const BatchMeta> metas);
    Task<Result<void>> note_epoch(const BatchMeta& meta);
    Task<Result<void>> write_epochs();
    bool must_roll(const LogSegment& active, const BatchMeta& meta, std::uint64_t run_bytes) const;
    Task<Result<void>> roll(Offset base);
    void fail(const Error& error);
    LogSegment& active() { return *segments_.rbegin()->second; }

    World& world_;
    Logger& logger_;
    const TopicPartition name_;
    const std::string folder_;
    const LogConfig config_;
    Uuid topic_id_;

    std::map<Offset, std::unique_ptr<LogSegment>> segments_;
    std::vector<EpochStart> epochs_;
    Offset log_start_;
    Offset log_end_;
    Offset durable_end_;
    Offset synced_end_;
    Accepted tail_;
    std::function<void()> durable_moved_;
    bool flushing_{};
    bool failed_{};
    WaitList durable_waiters_;
    Gate gate_;
};

}  // namespace millrace
