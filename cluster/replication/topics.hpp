// The topics of a broker that stands alone, and the logs of their partitions.
//
// The embedded store says which topics there are; the log directories hold their partitions. At
// start the two are brought together: folders that the store doesn't know are adopted under the id
// in their partition.metadata, folders that are missing are made.
//
// A directory that can't be used at start, or that fails later, costs the partitions in it and no
// others. What it holds nobody knows while it wasn't opened: no topic and no missing folder is made
// then, or an empty partition would come to stand for one with records.
#pragma once

#include "cluster/coordination/embedded_store.hpp"
#include "cluster/replication/topics_image.hpp"
#include "core/runtime/gate.hpp"
#include "core/storage/log_directory.hpp"

#include <functional>
#include <map>
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

    /// Success: at least one directory serves. With any broker's directories (kAnyBroker) nothing
    /// is made and the store stays as it is: they may not be all that belong together. Errors: the
    /// last directory's, and kDirectoryInUse of any.
    static Task<Result<std::unique_ptr<Topics>>> open(World& world, Logger& logger,
                                                      Options options);

    /// What all shards know of the topics, as of the last change.
    const TopicsImage& image() const { return image_; }

    /// `view`, which lives on `shard` as long as this, is given every image from now on.
    Task<> add_view(ShardNumber shard, TopicsView& view);

    /// Success: store and folders are on stable storage, the topic can be produced to, and every
    /// view shows it.
    Task<TopicCreation> create(std::string name, std::int32_t partitions);

    /// `heard` runs once no directory serves any more.
    void on_all_failed(std::function<void()> heard);

    /// Also makes the logs that a full disk has refused at start.
    Task<Result<void>> write_checkpoints();
    Task<Result<void>> close();

private:
    struct View {
        ShardNumber shard{};
        TopicsView* view{};
    };

    Topics(World& world, Logger& logger, Options options, EmbeddedStore store);

    const std::map<std::string, StoredTopic, std::less<>>& all() const {
        return store_.content().topics;
    }
    // The start.
    Task<Result<void>> open_directories();
    Task<Result<std::string>> find_cluster_id();
    Task<Result<std::string>> cluster_id_in(std::string folder);
    void set_aside(const std::string& path, const Error& error);
    StoreContent adopt() const;
    Task<Result<void>> reconcile();

    bool any_in_service() const;
    /// All directories of the configuration were opened: what isn't in them is nowhere.
    bool knows_all() const { return directories_.size() == options_.log_dirs.size(); }
    void on_directory_failed(const LogDirectory& directory);
    Task<> take_lost_out_of_service();
    const LogDirectory::Entry* find_log(const TopicPartition& partition) const;
    TopicImage look(const std::string& name, const StoredTopic& topic) const;
    Task<Result<void>> create_missing_logs(const std::string& name, const StoredTopic& topic);
    LogDirectory* directory_for(const TopicPartition& partition);
    Task<> make_refused_logs();
    Task<> publish();
    Task<> show(const View& view);

    World& world_;
    Logger& logger_;
    const Options options_;
    EmbeddedStore store_;
    std::vector<std::unique_ptr<LogDirectory>> directories_;  // those that the start could open
    Error problem_{Errc::kStorageFailed};                     // of the last that it could not
    std::function<void()> all_failed_;
    // Where a creation was begun that hasn't succeeded: there may be a folder.
    std::map<TopicPartition, LogDirectory*> begun_;
    TopicsImage image_;
    std::vector<View> views_;
    std::set<std::string> refused_;  // topics that a start couldn't complete on a full disk
    std::set<std::string, std::less<>> in_flight_;
    Gate gate_;
};

}  // namespace millrace
