#include "cluster/replication/topics.hpp"

#include "core/runtime/random_uuid.hpp"
#include "core/runtime/shard_call.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace millrace {
namespace {

constexpr std::size_t kTopicNameMax = 249;

/// Names that differ only in '.' and '_' would share their metric names, so Kafka keeps them apart.
std::string metric_name(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '.', '_');
    return text;
}

}  // namespace

bool is_topic_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.size() > kTopicNameMax) return false;
    return std::all_of(name.begin(), name.end(), [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
               (each >= '0' && each <= '9') || each == '.' || each == '_' || each == '-';
    });
}

bool is_internal_topic(std::string_view name) {
    return name == "__consumer_offsets" || name == "__transaction_state" ||
           name == "__share_group_state";
}

Topics::Topics(World& world, Logger& logger, Options options, EmbeddedStore store)
    : world_(world), logger_(logger), options_(std::move(options)), store_(std::move(store)) {}

Task<Result<std::unique_ptr<Topics>>> Topics::open(World& world, Logger& logger, Options options) {
    const std::string first = options.log_dirs.front();
    if (options.broker_id != DirectoryIdentity::kAnyBroker) {
        const auto made = co_await ensure_folder(world, first);
        if (!made) {
            logger.error("cannot make the log directory",
                         {{"path", first}, {"reason", made.error().message()}});
            co_return made.error();
        }
    }
    auto store = co_await EmbeddedStore::open(world, first);
    if (!store) {
        logger.error(
            "the store of topics cannot be read: mend it, or move it away to take the "
            "topics from the folders",
            {{"file", first + "/" + std::string(EmbeddedStore::kFileName)},
             {"reason", store.error().message()}});
        co_return store.error();
    }
    std::unique_ptr<Topics> topics(new Topics(world, logger, options, std::move(*store)));
    auto outcome = co_await topics->open_directories();
    if (outcome) outcome = co_await topics->reconcile();
    if (!outcome) {
        for (auto& directory : topics->directories_) (void)co_await directory->close();
        co_return outcome.error();
    }
    co_return topics;
}

Task<Result<void>> Topics::open_directories() {
    DirectoryIdentity identity{options_.broker_id, store_.content().cluster_id};
    std::uint32_t number = 0;
    for (const std::string& path : options_.log_dirs) {
        auto directory =
            co_await LogDirectory::open(world_, logger_, path, identity, options_.log, number++);
        if (!directory) co_return directory.error();
        identity.cluster_id = (*directory)->cluster_id();
        directories_.push_back(std::move(*directory));
    }
    co_return Result<void>();
}

Task<Result<void>> Topics::reconcile() {
    StoreContent next = store_.content();
    next.cluster_id = directories_.front()->cluster_id();
    for (const auto& directory : directories_) {
        for (const auto& [name, entry] : directory->logs()) {
            StoredTopic& topic = next.topics[name.topic];
            if (topic.partitions == 0) {
                logger_.warn("adopted a topic that the store does not know",
                             {{"topic", name.topic}, {"topic_id", entry.topic_id.to_string()}});
                topic.id = entry.topic_id;
            }
            topic.partitions = std::max(topic.partitions, name.partition.value + 1);
            topic.leader_epoch = std::max(topic.leader_epoch, entry.last_epoch);
        }
    }
    image_.cluster_id = next.cluster_id;
    for (auto& [name, topic] : next.topics) topic.leader_epoch.value += 1;
    const auto stored = co_await store_.replace(next);
    if (!stored) co_return stored;
    for (const auto& [name, topic] : next.topics) {
        const auto created = co_await create_missing_logs(name, topic);
        if (!created) co_return created;
    }
    co_return Result<void>();
}

Task<Result<void>> Topics::create_missing_logs(const std::string& name, const StoredTopic& topic) {
    TopicImage image{topic.id, topic.leader_epoch, {}};
    for (std::int32_t index = 0; index < topic.partitions; ++index) {
        const TopicPartition partition{name, PartitionIndex{index}};
        LogPlace place;
        for (const auto& directory : directories_) {
            const LogDirectory::Entry* const entry = directory->find(partition);
            if (place.log == nullptr && entry != nullptr) place = entry->place;
        }
        if (place.log == nullptr) {
            const auto created = co_await emptiest_directory().create(partition, topic.id);
            if (!created) {
                logger_.error("cannot create a partition", {{"partition", partition.folder()},
                                                            {"reason", created.error().message()}});
                co_return created.error();
            }
            place = *created;
        }
        image.partitions.push_back(place);
    }
    image_.add(name, std::move(image));
    co_return Result<void>();
}

LogDirectory& Topics::emptiest_directory() {
    return **std::min_element(directories_.begin(), directories_.end(),
                              [](const auto& left, const auto& right) {
                                  return left->logs().size() < right->logs().size();
                              });
}

Task<> Topics::add_view(ShardNumber shard, TopicsView& view) {
    views_.push_back({shard, &view});
    const View added = views_.back();
    co_await show(added);
}

Task<> Topics::publish() {
    for (std::size_t i = 0; i < views_.size(); ++i) {
        const View view = views_[i];
        co_await show(view);
    }
}

/// Every view gets an image of its own, so that shards share no counts.
Task<> Topics::show(const View& view) {
    auto image = std::make_shared<const TopicsImage>(image_);
    TopicsView* const shown = view.view;
    const auto visit = [&image, shown] { shown->set(std::move(image)); };
    ShardCall call(world_, view.shard, visit);
    co_await call.run();
}

Task<TopicCreation> Topics::create(std::string name, std::int32_t partitions) {
    if (!is_topic_name(name)) co_return TopicCreation::kInvalidName;
    if (image_.find(name) != nullptr) co_return TopicCreation::kExists;
    if (in_flight_.contains(name)) co_return TopicCreation::kInFlight;
    const std::string metric = metric_name(name);
    for (const auto& [other, topic] : all()) {
        if (metric_name(other) == metric && other != name) co_return TopicCreation::kNameCollides;
    }
    // One creation at a time: each replaces the whole store.
    if (!in_flight_.empty()) co_return TopicCreation::kInFlight;
    in_flight_.insert(name);
    StoreContent next = store_.content();
    // A creation that failed half-way left its line in the store: its folders carry that id.
    const StoredTopic fresh{random_uuid(world_), partitions, LeaderEpoch{0}};
    const StoredTopic topic = next.topics.emplace(name, fresh).first->second;
    auto outcome = co_await store_.replace(next);
    if (outcome) outcome = co_await create_missing_logs(name, topic);
    if (outcome) co_await publish();
    in_flight_.erase(name);
    if (!outcome) {
        logger_.error("cannot create a topic",
                      {{"topic", name}, {"reason", outcome.error().message()}});
        co_return TopicCreation::kFailed;
    }
    logger_.info("created a topic",
                 {{"topic", name}, {"partitions", partitions}, {"topic_id", topic.id.to_string()}});
    co_return TopicCreation::kCreated;
}

Task<Result<void>> Topics::write_checkpoints() {
    Result<void> outcome;
    for (const auto& directory : directories_) {
        auto written = co_await directory->checkpoint();
        if (written) written = co_await directory->write_offset_checkpoints();
        if (!written) outcome = written;
    }
    co_return outcome;
}

Task<Result<void>> Topics::close() {
    Result<void> outcome;
    for (const auto& directory : directories_) {
        const auto closed = co_await directory->close();
        if (!closed) outcome = closed;
    }
    co_return outcome;
}

}  // namespace millrace
