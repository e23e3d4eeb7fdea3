// One entry of log.dirs: its lock, its identity, its clean-stop marker, its checkpoints, and the
// logs of all partitions in it.
#pragma once

#include "core/storage/partition_log.hpp"

#include <map>
#include <memory>
#include <string>

namespace millrace {

struct DirectoryIdentity {
    /// Stands for whatever broker the directory belongs to.
    static constexpr std::int32_t kAnyBroker = -1;

    std::int32_t broker_id = 0;
    std::string cluster_id;  // empty: take the directory's, or make one
};

/// Owned by the broker, on shard 0. While it is open nobody else uses the directory.
class LogDirectory {
public:
    /// Takes the lock, removes the clean-stop marker and loads every log; recovers them when the
    /// marker was not there. Errors: kDirectoryInUse, kWrongDirectory (another cluster or broker,
    /// or a folder that is no partition), or the kernel's; the log says which file and why.
    static Task<Result<std::unique_ptr<LogDirectory>>> open(World& world, Logger& logger,
                                                            std::string path,
                                                            DirectoryIdentity identity,
                                                            LogConfig config);

    const std::string& path() const { return path_; }
    const std::string& cluster_id() const { return identity_.cluster_id; }
    bool was_clean() const { return was_clean_; }

    /// The partition's log, or null.
    PartitionLog* find(const TopicPartition& name);
    const std::map<TopicPartition, std::unique_ptr<PartitionLog>>& logs() const { return logs_; }
    Task<Result<PartitionLog*>> create(TopicPartition name, Uuid topic_id);

    /// recovery-point-offset-checkpoint, replication-offset-checkpoint,
    /// log-start-offset-checkpoint.
    Task<Result<void>> write_checkpoints();

    /// A clean stop in Kafka's order: logs, checkpoints, and the marker last. With a failed log the
    /// marker is not written, and the next start recovers.
    Task<Result<void>> close();

private:
    LogDirectory(World& world, Logger& logger, std::string path, DirectoryIdentity identity,
                 LogConfig config);

    Task<Result<void>> take_lock();
    Task<Result<void>> check_identity();
    Task<Result<void>> take_marker();
    Task<Result<void>> load_logs();
    Task<Result<OffsetCheckpoint>> read_checkpoint(std::string_view file);
    Task<Result<void>> write_checkpoint(std::string_view file, OffsetCheckpoint entries);
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

    World& world_;
    Logger& logger_;
    const std::string path_;
    DirectoryIdentity identity_;
    const LogConfig config_;
    File lock_;
    bool was_clean_{};
    std::map<TopicPartition, std::unique_ptr<PartitionLog>> logs_;
};

}  // namespace millrace
