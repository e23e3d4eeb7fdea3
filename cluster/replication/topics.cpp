#include "cluster/replication/topics.hpp"

#include "core/config/topic_keys.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/runtime/some_at_once.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kTopicNameMax = 249;
constexpr std::size_t kCreationsAtOnce = 16;

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

std::vector<std::string> colliding_names(const TopicsImage& image, std::string_view name) {
    std::vector<std::string> found;
    const std::string metric = metric_name(name);
    for (const auto& [other, topic] : image.topics) {
        if (other != name && metric_name(other) == metric) found.push_back(other);
    }
    return found;
}

void Topics::on_all_failed(std::function<void()> heard) {
    all_failed_ = std::move(heard);
    if (!any_in_service()) all_failed_();
}

bool Topics::any_in_service() const {
    return std::any_of(directories_.begin(), directories_.end(),
                       [](const auto& each) { return each->in_service(); });
}

std::vector<LogDirStatus> Topics::log_dirs() const {
    std::vector<LogDirStatus> all;
    for (const std::string& path : options_.log_dirs) {
        const auto serves = [&path](const auto& each) {
            return each->path() == path && each->in_service();
        };
        all.push_back({path, std::any_of(directories_.begin(), directories_.end(), serves)});
    }
    return all;
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

TopicConfig Topics::config_of(const std::string& name, const StoredTopic& topic) const {
    const TopicConfigReading reading = read_topic_config(defaults_, topic.overrides);
    if (reading.problem.text.empty()) return reading.config;
    logger_.error("the configuration of a topic has no effect",
                  {{"topic", name}, {"reason", reading.problem.text}});
    return defaults_;
}

/// What there is of a topic in directories that serve.
TopicImage Topics::look(const std::string& name, const StoredTopic& topic) {
    std::shared_ptr<const void>& in_use = in_use_[name];
    if (!in_use) in_use = std::make_shared<char>();
    TopicImage image{topic.id,        topic.leader_epoch,     {},
                     topic.overrides, config_of(name, topic), in_use};
    for (std::int32_t index = 0; index < topic.partitions; ++index) {
        const TopicPartition partition{name, PartitionIndex{index}};
        LogPlace& place = image.partitions.emplace_back();
        for (const auto& directory : directories_) {
            const LogDirectory::Entry* const entry = directory->find(partition);
            if (entry == nullptr) continue;
            // Another topic's folder under this name is nobody's to serve.
            if (directory->in_service() && entry->topic_id == topic.id) place = entry->place;
            break;
        }
    }
    return image;
}

/// Their files are on stable storage each by itself, but syncs that come together take little more
/// than one.
Task<Result<void>> Topics::create_missing_logs(const std::string& name, const StoredTopic& topic) {
    const auto step = [&](std::size_t index) {
        return create_missing_log({name, PartitionIndex{static_cast<std::int32_t>(index)}},
                                  topic.id);
    };
    const auto partitions = static_cast<std::size_t>(topic.partitions);
    co_return co_await some_at_once(world_, partitions, kCreationsAtOnce, step);
}

/// A partition whose directory fails meanwhile stays without a log until a start finds out what
/// became of it.
Task<Result<void>> Topics::create_missing_log(TopicPartition partition, Uuid topic_id) {
    if (find_log(partition) != nullptr) co_return Result<void>();
    LogDirectory* const directory = directory_for(partition);
    if (directory == nullptr) co_return Errc::kStorageFailed;
    const auto created = co_await directory->create(partition, topic_id);
    if (created) {
        begun_.erase(partition);
        co_return Result<void>();
    }
    logger_.error("cannot create a partition", {{"partition", partition.folder()},
                                                {"log_dir", directory->path()},
                                                {"reason", created.error().message()}});
    if (created.error() == make_error_code(Errc::kStorageFailed)) co_return Result<void>();
    co_return created.error();
}

/// The emptiest that serves, or the one in which a former try may have left a folder: two folders
/// of one partition would be two truths. Null when no directory serves.
LogDirectory* Topics::directory_for(const TopicPartition& partition) {
    const auto begun = begun_.find(partition);
    if (begun != begun_.end()) return begun->second;
    LogDirectory* emptiest = nullptr;
    std::size_t least = 0;
    for (const auto& each : directories_) {
        if (!each->in_service()) continue;
        const std::size_t logs = each->logs().size() + begun_in(*each);
        if (emptiest == nullptr || logs < least) {
            emptiest = each.get();
            least = logs;
        }
    }
    if (emptiest != nullptr) begun_.emplace(partition, emptiest);
    return emptiest;
}

std::size_t Topics::begun_in(const LogDirectory& directory) const {
    const auto is_there = [&](const auto& begun) { return begun.second == &directory; };
    return static_cast<std::size_t>(std::count_if(begun_.begin(), begun_.end(), is_there));
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

/// What a start found missing, and a full disk refused.
Task<> Topics::make_refused_logs() {
    const std::set<std::string> names = refused_;
    for (const std::string& name : names) {
        const StoredTopic topic = all().at(name);
        const auto created = co_await create_missing_logs(name, topic);
        if (!created) continue;
        refused_.erase(name);
        image_.add(name, look(name, topic));
        std::vector<std::string> names{name};
        co_await configure_logs(std::move(names));
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
    turn_.stop();
    stopping_.fail_all(Errc::kStopping);
    co_await gate_.close();
    Result<void> outcome;
    for (const auto& directory : directories_) {
        const auto closed = co_await directory->close();
        if (!closed) outcome = closed;
    }
    co_return outcome;
}

}  // namespace millrace
