#include "cluster/replication/topics.hpp"

#include "core/runtime/random_uuid.hpp"
#include "core/runtime/shard_call.hpp"

#include <algorithm>

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

void Topics::on_all_failed(std::function<void()> heard) {
    all_failed_ = std::move(heard);
    if (!any_in_service()) all_failed_();
}

bool Topics::any_in_service() const {
    return std::any_of(directories_.begin(), directories_.end(),
                       [](const auto& each) { return each->in_service(); });
}

/// Its partitions leave the image; the store goes on in the other directories.
void Topics::on_directory_failed(const LogDirectory& directory) {
    store_.drop(directory.path());
    for (const auto& [name, topic] : all()) {
        if (image_.find(name) != nullptr) image_.add(name, look(name, topic));
    }
    if (!gate_.closed()) gate_.spawn(publish());
    if (any_in_service()) return;
    logger_.error("no log directory serves any more");
    if (all_failed_) all_failed_();
}

/// A directory that can't keep its copy of the store keeps nothing.
Task<> Topics::take_lost_out_of_service() {
    const std::map<std::string, Error> lost = store_.lost();
    for (const auto& [path, error] : lost) {
        store_.drop(path);
        for (const auto& directory : directories_) {
            if (directory->path() == path) co_await directory->take_out_of_service(error);
        }
    }
}

const LogDirectory::Entry* Topics::find_log(const TopicPartition& partition) const {
    for (const auto& directory : directories_) {
        const LogDirectory::Entry* const entry = directory->find(partition);
        if (entry != nullptr) return entry;
    }
    return nullptr;
}

/// What there is of a topic in directories that serve.
TopicImage Topics::look(const std::string& name, const StoredTopic& topic) const {
    TopicImage image{topic.id, topic.leader_epoch, {}};
    for (std::int32_t index = 0; index < topic.partitions; ++index) {
        const TopicPartition partition{name, PartitionIndex{index}};
        LogPlace& place = image.partitions.emplace_back();
        for (const auto& directory : directories_) {
            const LogDirectory::Entry* const entry = directory->find(partition);
            if (entry == nullptr) continue;
            if (directory->in_service()) place = entry->place;
            break;
        }
    }
    return image;
}

/// A partition whose directory fails meanwhile stays without a log until a start finds out what
/// became of it.
Task<Result<void>> Topics::create_missing_logs(const std::string& name, const StoredTopic& topic) {
    for (std::int32_t index = 0; index < topic.partitions; ++index) {
        const TopicPartition partition{name, PartitionIndex{index}};
        if (find_log(partition) != nullptr) continue;
        LogDirectory* const directory = directory_for(partition);
        if (directory == nullptr) co_return Errc::kStorageFailed;
        const auto created = co_await directory->create(partition, topic.id);
        if (created) {
            begun_.erase(partition);
            continue;
        }
        logger_.error("cannot create a partition", {{"partition", partition.folder()},
                                                    {"log_dir", directory->path()},
                                                    {"reason", created.error().message()}});
        if (created.error() != make_error_code(Errc::kStorageFailed)) co_return created.error();
    }
    co_return Result<void>();
}

/// The emptiest that serves, or the one in which a former try may have left a folder: two folders
/// of one partition would be two truths. Null when no directory serves.
LogDirectory* Topics::directory_for(const TopicPartition& partition) {
    const auto begun = begun_.find(partition);
    if (begun != begun_.end()) return begun->second;
    LogDirectory* emptiest = nullptr;
    for (const auto& each : directories_) {
        if (!each->in_service()) continue;
        const bool is_less = emptiest == nullptr || each->logs().size() < emptiest->logs().size();
        if (is_less) emptiest = each.get();
    }
    if (emptiest != nullptr) begun_.emplace(partition, emptiest);
    return emptiest;
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
    if (!knows_all()) {
        logger_.error(
            "cannot create a topic: a log directory was not usable at start, and may hold it. "
            "Mend it, or take it out of log.dirs to give up what is in it, and start again",
            {{"topic", name}});
        co_return TopicCreation::kFailed;
    }
    in_flight_.insert(name);
    StoreContent next = store_.content();
    ++next.generation;
    // A creation that failed half-way left its line in the store: its folders carry that id.
    const StoredTopic fresh{random_uuid(world_), partitions, LeaderEpoch{0}};
    const StoredTopic topic = next.topics.emplace(name, fresh).first->second;
    auto outcome = co_await store_.replace(next);
    co_await take_lost_out_of_service();
    if (outcome) outcome = co_await create_missing_logs(name, topic);
    if (outcome) {
        image_.add(name, look(name, topic));
        co_await publish();
    }
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

/// What a start found missing, and a full disk refused.
Task<> Topics::make_refused_logs() {
    const std::set<std::string> names = refused_;
    for (const std::string& name : names) {
        const StoredTopic topic = all().at(name);
        const auto created = co_await create_missing_logs(name, topic);
        if (!created) continue;
        refused_.erase(name);
        image_.add(name, look(name, topic));
        co_await publish();
    }
}

Task<Result<void>> Topics::write_checkpoints() {
    co_await make_refused_logs();
    Result<void> outcome;
    for (const auto& directory : directories_) {
        if (!directory->in_service()) continue;
        auto written = co_await directory->checkpoint();
        if (written) written = co_await directory->write_offset_checkpoints();
        if (written) continue;
        outcome = written;
        const Error error = written.error();
        if (is_of_broken_disk(error)) co_await directory->take_out_of_service(error);
    }
    co_return outcome;
}

Task<Result<void>> Topics::close() {
    co_await gate_.close();
    Result<void> outcome;
    for (const auto& directory : directories_) {
        const auto closed = co_await directory->close();
        if (!closed) outcome = closed;
    }
    co_return outcome;
}

}  // namespace millrace
