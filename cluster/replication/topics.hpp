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
#include "core/runtime/semaphore.hpp"
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

/// The other topics whose metrics would have the same names, because they differ in '.' and '_'
/// only.
std::vector<std::string> colliding_names(const TopicsImage& image, std::string_view name);

struct NewTopic {
    std::string name;
    std::int32_t partitions{};
    Properties overrides{};
};

enum class TopicCreation { kCreated, kExists, kInFlight, kInvalidName, kNameCollides, kFailed };

/// One entry of log.dirs.
struct LogDirStatus {
    std::string path;
    bool in_service{};
};

/// Lives on shard 0. Every leader epoch is raised by open().
class Topics {
public:
    struct Options {
        std::vector<std::string> log_dirs;
        std::int32_t broker_id = 0;
        LogConfig log;  // its topic: of topics without keys of their own
    };

    /// Producer ids that are given out at a time.
    static constexpr std::int64_t kProducerIdBlock = 1000;

    /// Success: at least one directory serves. With any broker's directories (kAnyBroker) nothing
    /// is made and the store stays as it is: they may not be all that belong together. Errors: the
    /// last directory's, and kDirectoryInUse of any.
    static Task<Result<std::unique_ptr<Topics>>> open(World& world, Logger& logger,
                                                      Options options);

    /// What all shards know of the topics, as of the last change.
    const TopicsImage& image() const { return image_; }

    /// In the order of log.dirs, those too that the start could not open.
    std::vector<LogDirStatus> log_dirs() const;

    /// `view`, which lives on `shard` as long as this, is given every image from now on.
    Task<> add_view(ShardNumber shard, TopicsView& view);

    // Changes: one at a time, in the order of the calls. Success: store and folders are on stable
    // storage, and every view shows it. While a directory of the configuration was never opened
    // nothing is changed.

    /// An outcome for each.
    Task<std::vector<TopicCreation>> create(std::vector<NewTopic> wanted);
    /// For a client that just named it: doesn't wait for another one who did.
    Task<TopicCreation> create_on_demand(NewTopic wanted);
    /// Errc::kUnknownTopic; kInvalidConfig when the topic has as many partitions already.
    Task<Result<void>> grow(std::string name, std::int32_t partitions);
    /// The topics are gone; what isn't there is passed over. Their folders are removed after
    /// file.delete.delay.ms, once nobody reads them.
    Task<Result<void>> remove(std::vector<std::string> names);
    /// Replaces all of the topic's own configuration. REQUIRES: it is one that a topic may have.
    /// Errc::kUnknownTopic.
    Task<Result<void>> set_topic_overrides(std::string name, Properties overrides);
    /// Replaces the dynamic configuration of a broker, or of all of them for "".
    Task<Result<void>> set_broker_overrides(std::string scope, Properties overrides);
    const std::map<std::string, Properties, std::less<>>& broker_overrides() const {
        return store_.content().brokers;
    }
    /// What topics without keys of their own have.
    const TopicConfig& defaults() const { return defaults_; }
    /// From now on.
    Task<> set_defaults(TopicConfig defaults);
    /// What the cleaners of all directories may use together, from now on.
    Task<> set_cleaner(CleanerConfig config);

    /// The first of kProducerIdBlock ids that nobody else gets, in this life or another.
    Task<Result<std::int64_t>> next_producer_ids();

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
    void begin_producer_ids(StoreContent& next) const;
    Task<> remove_deleted(const StoreContent& content);

    // Changes, in their turn.
    TopicCreation admit(const NewTopic& wanted, StoreContent& next) const;
    Task<Result<void>> change(StoreContent next);
    Task<Result<void>> show_logs(const std::string& name);
    Task<Result<void>> remove_logs(const std::string& name, Uuid id);
    Task<> discard_later(LogDirectory* directory, LogDirectory::Removed removed, Duration delay,
                         std::shared_ptr<const void> in_use);

    bool any_in_service() const;
    /// All directories of the configuration were opened: what isn't in them is nowhere.
    bool knows_all() const { return directories_.size() == options_.log_dirs.size(); }
    void on_directory_failed(const LogDirectory& directory);
    Task<> take_lost_out_of_service();
    const LogDirectory::Entry* find_log(const TopicPartition& partition) const;
    TopicImage look(const std::string& name, const StoredTopic& topic);
    Task<> configure_logs(std::vector<std::string> names);
    TopicConfig config_of(const std::string& name, const StoredTopic& topic) const;
    Task<Result<void>> create_missing_logs(const std::string& name, const StoredTopic& topic);
    Task<Result<void>> create_missing_log(TopicPartition partition, Uuid topic_id);
    LogDirectory* directory_for(const TopicPartition& partition);
    std::size_t begun_in(const LogDirectory& directory) const;
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
    // Where a creation is under way, or was begun and hasn't succeeded: there may be a folder.
    std::map<TopicPartition, LogDirectory*> begun_;
    TopicsImage image_;
    std::vector<View> views_;
    std::set<std::string> refused_;  // topics that a start couldn't complete on a full disk
    std::set<std::string, std::less<>> in_flight_;  // created on demand
    TopicConfig defaults_;
    std::map<std::string, std::shared_ptr<const void>> in_use_;  // of topics in the image
    std::set<Uuid> gone_;  // deleted topics of which no folder is left to be renamed
    Semaphore turn_;
    WaitList stopping_;
    Gate gate_;
};

}  // namespace millrace
