// Logs of one directory that one owner has in its hands: loaded, synced, failed and closed
// together.
#pragma once

#include "core/storage/partition_log.hpp"

#include <map>
#include <memory>
#include <string>

namespace millrace {

/// Lives on one shard. Must be closed before it goes.
class LogSet {
public:
    LogSet(World& world, Logger& logger, std::string folder, LogConfig config)
        : shared(world, logger, config), folder_(std::move(folder)) {}

    LogShared shared;
    std::map<TopicPartition, std::unique_ptr<PartitionLog>> logs;

    /// Before anything else: what syncs of the whole filesystem go by.
    Task<Result<void>> open_folder();
    /// The partition's log, or null.
    PartitionLog* find(const TopicPartition& name) const;
    /// Success without a log: its folder's creation was cut short, and is undone.
    Task<Result<void>> load(TopicPartition name, PartitionLog::Past past);
    LogId take_log_id() { return next_log_id_++; }

    /// What is in segment files, and their names, onto stable storage.
    Task<Result<void>> sync_segments();
    /// All of them are out of service.
    void fail();
    Task<Result<void>> close();

private:
    /// What a folder's names begin with when it is synced.
    struct Names {
        LogId log{};
        Offset begin;
    };

    Task<Result<void>> remove_half_made(std::string folder);
    /// Each file and folder by itself.
    Task<Result<void>> sync_singly(const std::vector<UnsyncedSegment>& segments,
                                   const std::vector<std::string>& snapshots,
                                   const std::map<TopicPartition, Names>& folders);
    /// Everything that anybody has written there.
    Task<Result<void>> sync_filesystem(const std::vector<UnsyncedSegment>& segments);

    const std::string folder_;
    File handle_;
    LogId next_log_id_{1};
};

}  // namespace millrace
