// The start of Topics: directories opened as far as they can be, and the store brought together
// with what they hold.
#include "cluster/replication/topics.hpp"
#include "core/runtime/random_uuid.hpp"
#include "core/storage/ballast.hpp"
#include "core/storage/directory_names.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

namespace millrace {
namespace {

constexpr std::size_t kMetaBytesMax = 64 << 10;

/// Topics of which there are only folders with another id: a Java broker that had the directories
/// meanwhile deleted them and made them anew. REQUIRES: all directories are known.
void forget_remade(const std::vector<std::unique_ptr<LogDirectory>>& directories,
                   StoreContent& next) {
    std::map<std::string, std::set<Uuid>> found;
    for (const auto& directory : directories) {
        for (const auto& [name, entry] : directory->logs()) {
            if (!next.deleted.contains(entry.topic_id)) found[name.topic].insert(entry.topic_id);
        }
    }
    for (const auto& [name, ids] : found) {
        const auto known = next.topics.find(name);
        if (known == next.topics.end() || ids.contains(known->second.id)) continue;
        StoredTopic remade;
        remade.leader_epoch = known->second.leader_epoch;
        known->second = remade;
    }
}

}  // namespace

Topics::Topics(World& world, Logger& logger, Options options, EmbeddedStore store)
    : world_(world),
      logger_(logger),
      options_(std::move(options)),
      store_(std::move(store)),
      defaults_(options_.log.topic),
      turn_(world, 1),
      stopping_(world),
      gate_(world) {}

Task<Result<std::unique_ptr<Topics>>> Topics::open(World& world, Logger& logger, Options options) {
    EmbeddedStore store = co_await EmbeddedStore::open(world, options.log_dirs);
    std::unique_ptr<Topics> topics(new Topics(world, logger, options, std::move(store)));
    auto outcome = co_await topics->open_directories();
    if (outcome) outcome = co_await topics->reconcile();
    if (outcome && !topics->any_in_service()) outcome = Errc::kStorageFailed;
    if (!outcome) {
        (void)co_await topics->close();
        co_return outcome.error();
    }
    for (const std::string& path : topics->options_.log_dirs) {
        const bool opened = std::any_of(topics->directories_.begin(), topics->directories_.end(),
                                        [&path](const auto& each) { return each->path() == path; });
        if (!opened) logger.error("starting without a log directory", {{"path", path}});
    }
    co_return topics;
}

/// What can't be read or made costs only itself; a directory that somebody else uses is a mistake
/// to be told at once.
Task<Result<void>> Topics::open_directories() {
    const std::map<std::string, Error> lost = store_.lost();
    for (const auto& [path, error] : lost) set_aside(path, error);
    const auto cluster_id = co_await find_cluster_id();
    if (!cluster_id) co_return cluster_id.error();
    const DirectoryIdentity identity{options_.broker_id, *cluster_id};
    const auto rooms = std::make_shared<DiskRooms>(world_);
    std::uint32_t number = 0;
    for (const std::string& path : options_.log_dirs) {
        const std::uint32_t place = number++;
        const std::vector<std::string>& usable = store_.folders();
        if (std::find(usable.begin(), usable.end(), path) == usable.end()) continue;
        auto opened = co_await LogDirectory::open(world_, logger_, path, identity, options_.log,
                                                  place, rooms);
        if (!opened) {
            problem_ = opened.error();
            if (problem_ == make_error_code(Errc::kDirectoryInUse)) co_return problem_;
            store_.drop(path);
            continue;
        }
        const LogDirectory* const directory = opened->get();
        (*opened)->on_failed([this, directory] { on_directory_failed(*directory); });
        directories_.push_back(std::move(*opened));
    }
    if (directories_.empty()) co_return problem_;
    co_return Result<void>();
}

void Topics::set_aside(const std::string& path, const Error& error) {
    problem_ = error;
    store_.drop(path);
    if (error == make_error_code(Errc::kMalformed)) {
        logger_.error(
            "a log directory cannot be used: its millrace.store or meta.properties is damaged. "
            "Mend it, or move it away to take what it says from elsewhere",
            {{"path", path}});
        return;
    }
    logger_.error("a log directory cannot be used", {{"path", path}, {"reason", error.message()}});
}

/// The store's, else what the first directory says that has one, else a new one: but never that
/// while a directory can't be read.
Task<Result<std::string>> Topics::find_cluster_id() {
    if (!store_.content().cluster_id.empty()) co_return store_.content().cluster_id;
    std::string found;
    const std::vector<std::string> folders = store_.folders();
    for (const std::string& folder : folders) {
        const auto id = co_await cluster_id_in(folder);
        if (!id) set_aside(folder, id.error());
        if (id && found.empty()) found = *id;
    }
    if (!found.empty()) co_return found;
    if (store_.folders().size() == options_.log_dirs.size()) {
        co_return random_uuid(world_).to_string();
    }
    logger_.error("no log directory that can be used says which cluster it belongs to");
    co_return problem_;
}

/// Empty when the folder has no meta.properties.
Task<Result<std::string>> Topics::cluster_id_in(std::string folder) {
    const std::string path = folder + "/" + std::string(kMetaName);
    const auto text = co_await read_small_file(world_, path, kMetaBytesMax);
    if (!text && text.error() == system_error(ENOENT)) co_return std::string();
    if (!text) co_return text.error();
    const auto meta = parse_meta_properties(*text);
    if (!meta) co_return meta.error();
    co_return meta->cluster_id;
}

/// The store's content with what the directories hold beyond it.
StoreContent Topics::adopt() const {
    StoreContent next = store_.content();
    if (knows_all()) forget_remade(directories_, next);
    next.cluster_id = directories_.front()->cluster_id();
    for (const auto& directory : directories_) {
        for (const auto& [name, entry] : directory->logs()) {
            if (next.deleted.contains(entry.topic_id)) continue;
            StoredTopic& topic = next.topics[name.topic];
            if (topic.partitions == 0) {
                logger_.warn("adopted a topic that the store does not know",
                             {{"topic", name.topic}, {"topic_id", entry.topic_id.to_string()}});
                topic.id = entry.topic_id;
                // Its configuration is in ZooKeeper; of these, retention must take nothing.
                if (is_internal_topic(name.topic)) topic.overrides["cleanup.policy"] = "compact";
            }
            topic.partitions = std::max(topic.partitions, name.partition.value + 1);
            topic.leader_epoch = std::max(topic.leader_epoch, entry.last_epoch);
        }
    }
    return next;
}

/// Java brokers count theirs from 0 in ZooKeeper, and the same directory may be handed to and fro:
/// so ids from here lie above all that they will ever give out. A life that can't know which were
/// given out goes on far from where they may have been.
void Topics::begin_producer_ids(StoreContent& next) const {
    constexpr std::int64_t kFar = std::int64_t{1} << 32;
    const bool has_logs = std::any_of(directories_.begin(), directories_.end(),
                                      [](const auto& each) { return !each->logs().empty(); });
    const bool is_lost = store_.content().cluster_id.empty() && has_logs;
    next.next_producer_id = std::max(next.next_producer_id, kFar);
    if (knows_all() && !is_lost) return;
    next.next_producer_id += kFar * (1 + static_cast<std::int64_t>(world_.random() % 1024));
}

/// Folders that a former life didn't get to rename.
Task<> Topics::remove_deleted(const StoreContent& content) {
    const std::map<Uuid, std::string> deleted = content.deleted;
    for (const auto& [id, name] : deleted) {
        const auto removed = co_await remove_logs(name, id);
        const bool all_seen = removed && knows_all();
        if (!all_seen) gone_.erase(id);
    }
}

Task<Result<void>> Topics::reconcile() {
    StoreContent next = adopt();
    image_.cluster_id = next.cluster_id;
    // Somebody else's directories: maybe not all that belong together.
    const bool is_ours = options_.broker_id != DirectoryIdentity::kAnyBroker;
    if (is_ours) {
        for (auto& [name, topic] : next.topics) topic.leader_epoch.value += 1;
        begin_producer_ids(next);
        if (knows_all()) ++next.generation;
        auto stored = co_await store_.replace(next);
        if (!stored && is_full(stored.error())) {
            for (const auto& directory : directories_) co_await directory->make_room();
            stored = co_await store_.replace(next);
        }
        if (!stored && is_full(stored.error())) {
            // What each part keeps for its starts and stops.
            for (const auto& directory : directories_) {
                co_await remove_ballasts(world_, directory->path());
            }
            stored = co_await store_.replace(next);
        }
        co_await take_lost_out_of_service();
        if (!stored) co_return stored;
        co_await remove_deleted(next);
    }
    for (const auto& [name, topic] : next.topics) {
        if (is_ours && knows_all()) {
            const auto created = co_await create_missing_logs(name, topic);
            const bool later = !created && is_full(created.error());
            if (later) refused_.insert(name);
            if (!created && !later) co_return created;
        }
        image_.add(name, look(name, topic));
    }
    std::vector<std::string> names;
    for (const auto& [name, topic] : image_.topics) names.push_back(name);
    co_await configure_logs(std::move(names));
    co_return Result<void>();
}

}  // namespace millrace
