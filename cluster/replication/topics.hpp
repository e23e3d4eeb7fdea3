// The topics of a broker that stands alone, and the logs of their partitions.
//
// The embedded store says which topics there are; the log directories hold their partitions. At
// start the two are brought together: folders that the store doesn't know are adopted under the id
// in their partition.metadata, folders that are missing are made.
#pragma once

#include "cluster/coordination/embedded_store.hpp"
#include "core/storage/log_directory.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace millrace {

/// Kafka's rule for topic names: 1 to 249 of [a-zA-Z0-9._-], not "." or "..".
bool is_topic_name(std::string_view name);
/// Kafka's own topics, which clients may not produce to.
bool is_internal_topic(std::string_view name);

enum class TopicCreation { kCreated, kExists, kInFlight, kInvalidName, kNameCollides, kFailed };

/// Lives on shard 0. Every leader epoch is raised by open().
class Topics {
public:
    struct Options {
        std::vector<std::string> log_dirs;
        std::int32_t broker_id = 0;
        LogConfig log;
    };

    static Task<Result<std::unique_ptr<Topics>>> open(World& world, Logger& logger,
                                                      Options options);

    const std::string& cluster_id() const { return store_.content().cluster_id; }
    const std::map<std::string, StoredTopic, std::less<>>& all() const {
        return store_.content().topics;
    }
    const StoredTopic* find(std::string_view name) const;
    /// The name of the topic with this id; nothing when there is none.
    std::optional<std::string_view> name_of(const Uuid& id) const;
    PartitionLog* find_log(std::string_view topic, std::int32_t partition) const;

    /// Success: store and folders are on stable storage and the topic can be produced to.
    Task<TopicCreation> create(std::string name, std::int32_t partitions);

    /// Counts every move of any log's durable end; waiters of it are woken at each.
    std::int64_t moves() const { return moves_; }
    /// Until moves() exceeds `seen`, or `deadline` passes.
    Task<Result<void>> wait_for_move(std::int64_t seen, Time deadline);
    /// Ends all waits for moves, now and later: the broker stops.
    void stop_waits();

    Task<Result<void>> write_checkpoints();
    Task<Result<void>> close();

private:
    Topics(World& world, Logger& logger, Options options, EmbeddedStore store);

    Task<Result<void>> open_directories();
    Task<Result<void>> reconcile();
    Task<Result<void>> create_missing_logs(const std::string& name, const StoredTopic& topic);
    LogDirectory& emptiest_directory();
    void watch(PartitionLog& log);

    World& world_;
    Logger& logger_;
    const Options options_;
    EmbeddedStore store_;
    std::vector<std::unique_ptr<LogDirectory>> directories_;
    std::map<std::string, std::vector<PartitionLog*>, std::less<>> logs_;
    std::set<std::string, std::less<>> in_flight_;
    std::int64_t moves_{};
    bool stopping_{};
    WaitList move_waiters_;
};

}  // namespace millrace
