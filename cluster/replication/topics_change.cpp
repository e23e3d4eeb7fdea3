// The changes of Topics: each is durable in the store before a folder is made or renamed, and shown
// to every shard once the folders are.
//
// So a crash in between leaves folders to make, or folders to rename, and none to guess about.
#include "cluster/replication/topics.hpp"
#include "core/runtime/random_uuid.hpp"
#include "core/runtime/shard_call.hpp"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

// How soon a deleted topic's logs are looked at again that somebody still uses.
constexpr Duration kInUsePause = std::chrono::seconds(1);

}  // namespace

/// Into `next` when it can be made.
TopicCreation Topics::admit(const NewTopic& wanted, StoreContent& next) const {
    if (!is_topic_name(wanted.name)) return TopicCreation::kInvalidName;
    if (image_.find(wanted.name) != nullptr) return TopicCreation::kExists;
    if (!colliding_names(image_, wanted.name).empty()) return TopicCreation::kNameCollides;
    // A creation that failed half-way left its line in the store: its folders carry that id.
    StoredTopic& topic = next.topics[wanted.name];
    if (topic.id.is_zero()) topic.id = random_uuid(world_);
    topic.partitions = std::max(topic.partitions, wanted.partitions);
    topic.overrides = wanted.overrides;
    return TopicCreation::kCreated;
}

Task<std::vector<TopicCreation>> Topics::create(std::vector<NewTopic> wanted) {
    std::vector<TopicCreation> outcomes(wanted.size(), TopicCreation::kFailed);
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return outcomes;
    StoreContent next = store_.content();
    const auto put = [this, &next](const NewTopic& each) { return admit(each, next); };
    std::transform(wanted.begin(), wanted.end(), outcomes.begin(), put);
    const bool any = std::ranges::find(outcomes, TopicCreation::kCreated) != outcomes.end();
    Result<void> stored;
    if (any) stored = co_await change(std::move(next));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (outcomes[i] != TopicCreation::kCreated) continue;
        const std::string& name = wanted[i].name;
        Result<void> made = stored;
        if (made) made = co_await show_logs(name);
        if (!made) {
            outcomes[i] = TopicCreation::kFailed;
            logger_.error("cannot create a topic",
                          {{"topic", name}, {"reason", made.error().message()}});
            continue;
        }
        logger_.info("created a topic", {{"topic", name},
                                         {"partitions", all().at(name).partitions},
                                         {"topic_id", all().at(name).id.to_string()}});
    }
    if (any) co_await publish();
    co_return outcomes;
}

Task<TopicCreation> Topics::create_on_demand(NewTopic wanted) {
    const std::string name = wanted.name;
    if (image_.find(name) != nullptr) co_return TopicCreation::kExists;
    if (!in_flight_.insert(name).second) co_return TopicCreation::kInFlight;
    std::vector<NewTopic> all{std::move(wanted)};
    const auto outcomes = co_await create(std::move(all));
    in_flight_.erase(name);
    co_return outcomes.front();
}

Task<Result<void>> Topics::grow(std::string name, std::int32_t partitions) {
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return Errc::kStopping;
    const TopicImage* const shown = image_.find(name);
    if (shown == nullptr) co_return Errc::kUnknownTopic;
    if (std::cmp_greater_equal(shown->partitions.size(), partitions)) {
        co_return Errc::kInvalidConfig;
    }
    StoreContent next = store_.content();
    StoredTopic& topic = next.topics.at(name);
    topic.partitions = std::max(topic.partitions, partitions);
    auto outcome = co_await change(std::move(next));
    if (outcome) outcome = co_await show_logs(name);
    co_await publish();
    if (outcome) {
        logger_.info("a topic has more partitions", {{"topic", name}, {"partitions", partitions}});
    }
    co_return outcome;
}

Task<Result<void>> Topics::remove(std::vector<std::string> names) {
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return Errc::kStopping;
    StoreContent next = store_.content();
    std::map<std::string, Uuid> removed;
    for (const std::string& name : names) {
        const auto found = next.topics.find(name);
        if (found == next.topics.end()) continue;
        removed.emplace(name, found->second.id);
        next.deleted.emplace(found->second.id, name);
        next.topics.erase(found);
    }
    if (removed.empty()) co_return Result<void>();
    auto outcome = co_await change(std::move(next));
    if (!outcome) co_return outcome;
    for (const auto& [name, id] : removed) {
        image_.remove(name);
        refused_.erase(name);
    }
    co_await publish();
    for (const auto& [name, id] : removed) {
        const auto gone = co_await remove_logs(name, id);
        if (!gone) outcome = gone;
        logger_.info("deleted a topic", {{"topic", name}, {"topic_id", id.to_string()}});
    }
    co_return outcome;
}

/// A directory that fails meanwhile, or is out of service already, keeps its folders until a start
/// finds them named in the store.
Task<Result<void>> Topics::remove_logs(const std::string& name, Uuid id) {
    const auto held = in_use_.extract(name);
    const std::shared_ptr<const void> in_use = held.empty() ? nullptr : held.mapped();
    Result<void> outcome;
    for (const auto& directory : directories_) {
        std::vector<TopicPartition> here;
        for (const auto& [partition, entry] : directory->logs()) {
            if (entry.topic_id == id) here.push_back(partition);
        }
        if (here.empty()) continue;
        if (!directory->in_service()) {
            outcome = Errc::kStorageFailed;
            continue;
        }
        auto removed = co_await directory->remove(std::move(here));
        if (!removed) {
            outcome = removed.error();
            continue;
        }
        const auto delay = std::chrono::milliseconds(defaults_.file_delete_delay_ms);
        if (gate_.closed()) continue;
        gate_.spawn(discard_later(directory.get(), std::move(*removed), delay, in_use));
    }
    std::erase_if(begun_, [&name](const auto& each) { return each.first.topic == name; });
    if (outcome) gone_.insert(id);
    co_return outcome;
}

/// `in_use` is held by every image that a request may still go by.
Task<> Topics::discard_later(LogDirectory* directory, LogDirectory::Removed removed, Duration delay,
                             std::shared_ptr<const void> in_use) {
    const std::weak_ptr<const void> watched = in_use;
    // Moved from, it would still hold: a weak pointer only copies.
    in_use.reset();
    Time when = world_.now() + delay;
    do {
        const auto woken = co_await stopping_.wait(0, when);
        if (woken || woken.error() != make_error_code(Errc::kTimedOut)) co_return;
        when = world_.now() + kInUsePause;
    } while (!watched.expired());
    co_await directory->discard(std::move(removed));
}

Task<Result<void>> Topics::set_topic_overrides(std::string name, Properties overrides) {
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return Errc::kStopping;
    if (image_.find(name) == nullptr) co_return Errc::kUnknownTopic;
    StoreContent next = store_.content();
    next.topics.at(name).overrides = std::move(overrides);
    const auto outcome = co_await change(std::move(next));
    if (!outcome) co_return outcome;
    image_.add(name, look(name, all().at(name)));
    std::vector<std::string> names{name};
    co_await configure_logs(std::move(names));
    co_await publish();
    co_return outcome;
}

Task<Result<void>> Topics::set_broker_overrides(std::string scope, Properties overrides) {
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return Errc::kStopping;
    StoreContent next = store_.content();
    if (overrides.empty()) {
        next.brokers.erase(scope);
    } else {
        next.brokers[scope] = std::move(overrides);
    }
    co_return co_await change(std::move(next));
}

Task<> Topics::set_defaults(TopicConfig defaults) {
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return;
    defaults_ = defaults;
    std::vector<std::string> names;
    for (const auto& [name, topic] : all()) {
        if (image_.find(name) == nullptr) continue;
        image_.add(name, look(name, topic));
        names.push_back(name);
    }
    co_await configure_logs(std::move(names));
    co_await publish();
}

Task<> Topics::set_cleaner(CleanerConfig config) {
    const CleanerConfig share = config.share(std::max<std::size_t>(options_.log_dirs.size(), 1));
    for (const auto& directory : directories_) co_await directory->set_cleaner(share);
}

Task<Result<std::int64_t>> Topics::next_producer_ids() {
    Semaphore::Share turn(turn_);
    if (!co_await turn.take(1)) co_return Errc::kStopping;
    StoreContent next = store_.content();
    const std::int64_t first = next.next_producer_id;
    next.next_producer_id += kProducerIdBlock;
    const auto stored = co_await store_.replace(std::move(next));
    co_await take_lost_out_of_service();
    if (!stored) co_return stored.error();
    co_return first;
}

/// Makes `next` the truth.
Task<Result<void>> Topics::change(StoreContent next) {
    if (!knows_all()) {
        logger_.error(
            "cannot change topics or configurations: a log directory was not usable at start, and "
            "may know more. Mend it, or take it out of log.dirs to give up what is in it, and "
            "start again");
        co_return Errc::kStorageFailed;
    }
    ++next.generation;
    const std::set<Uuid> gone = gone_;
    for (const Uuid& id : gone) next.deleted.erase(id);
    const auto stored = co_await store_.replace(std::move(next));
    co_await take_lost_out_of_service();
    if (!stored) co_return stored;
    for (const Uuid& id : gone) gone_.erase(id);
    co_return stored;
}

/// Every partition of the topic gets its log and the image shows it.
Task<Result<void>> Topics::show_logs(const std::string& name) {
    const StoredTopic topic = all().at(name);
    const auto made = co_await create_missing_logs(name, topic);
    if (!made) co_return made;
    image_.add(name, look(name, topic));
    std::vector<std::string> names{name};
    co_await configure_logs(std::move(names));
    co_return made;
}

/// The logs follow what the image says of their topics.
Task<> Topics::configure_logs(std::vector<std::string> names) {
    using Settings = std::vector<std::pair<PartitionLog*, TopicConfig>>;
    std::map<ShardNumber, Settings> of_shard;
    for (const std::string& name : names) {
        const TopicImage& topic = *image_.find(name);
        for (const LogPlace& place : topic.partitions) {
            if (place.log != nullptr) of_shard[place.owner].emplace_back(place.log, topic.config);
        }
    }
    for (auto& [shard, settings] : of_shard) {
        const Settings& wanted = settings;
        const auto visit = [&wanted] {
            for (const auto& [log, config] : wanted) log->set_config(config);
        };
        ShardCall call(world_, shard, visit);
        co_await call.run();
    }
}

}  // namespace millrace
