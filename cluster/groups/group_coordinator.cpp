#include "cluster/groups/group_coordinator.hpp"

#include <algorithm>

namespace millrace {
namespace {

/// A member's request that waits on the coordinator's shard until its group has an answer.
template <class Answer>
class Waiting final : public Reply<Answer> {
public:
    explicit Waiting(World& world) : told_(world) {}

    void tell(Answer answer) override {
        answer_.emplace(std::move(answer));
        told_.wake_through(0);
    }

    Task<Answer> wait() {
        if (!answer_) (void)co_await told_.wait(0, kNever);
        co_return std::move(*answer_);
    }

private:
    std::optional<Answer> answer_;
    WaitList told_;
};

/// What members are told when their group couldn't be stored.
ErrorCode code_of_store(const Result<Offset>& stored) {
    if (stored) return ErrorCode::kNone;
    switch (to_error_code(stored.error())) {
        case ErrorCode::kUnknownTopicOrPartition: return ErrorCode::kCoordinatorNotAvailable;
        case ErrorCode::kKafkaStorageError: return ErrorCode::kNotCoordinator;
        case ErrorCode::kRequestTimedOut: return ErrorCode::kRebalanceInProgress;
        default: return ErrorCode::kUnknownServerError;
    }
}

bool fits(std::string_view text) { return text.size() <= kRecordStringMax; }

/// What can't be in a record can't be in a group.
bool can_be_stored(std::string_view group, const JoinWish& wish) {
    return fits(group) && fits(wish.member_id) && fits(wish.new_id) && fits(wish.client_id) &&
           fits(wish.protocol_type) && fits(wish.instance_id.value_or("")) &&
           std::ranges::all_of(wish.protocols,
                               [](const GroupProtocol& each) { return fits(each.name); });
}

}  // namespace

GroupCoordinator::GroupCoordinator(World& world, Logger& logger, TopicsView& view,
                                   CoordinatorConfig config)
    : world_(world),
      logger_(logger),
      view_(view),
      config_(config),
      load_turn_(world, 1),
      stopping_waiters_(world),
      gate_(world) {}

void GroupCoordinator::start() {
    gate_.spawn(expire_steadily());
    const auto image = view_.now();
    const TopicImage* const topic = image->find(kOffsetsTopic);
    if (topic == nullptr) return;
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
        const LogPlace& place = topic->partitions[i];
        const bool is_here = place.log != nullptr && place.owner == world_.shard();
        if (is_here) (void)partition_at(static_cast<std::int32_t>(i), *topic);
    }
}

void GroupCoordinator::stop_waits() {
    stopping_ = true;
    load_turn_.stop();
    stopping_waiters_.fail_all(Errc::kStopping);
    while (!partitions_.empty()) drop(partitions_.begin()->first);
}

Task<> GroupCoordinator::stop() { return gate_.close(); }

GroupCoordinator::Admitted GroupCoordinator::admit(std::string_view group) {
    if (stopping_) return {ErrorCode::kCoordinatorNotAvailable};
    const auto image = view_.now();
    const TopicImage* const topic = image->find(kOffsetsTopic);
    if (topic == nullptr || topic->partitions.empty()) return {ErrorCode::kNotCoordinator};
    const std::int32_t index =
        group_partition(group, static_cast<std::int32_t>(topic->partitions.size()));
    const LogPlace& place = topic->partitions[static_cast<std::size_t>(index)];
    if (place.log == nullptr || place.owner != world_.shard()) {
        drop(index);
        return {ErrorCode::kNotCoordinator};
    }
    PartitionPtr partition = partition_at(index, *topic);
    if (!partition->loaded) return {ErrorCode::kCoordinatorLoadInProgress};
    return {ErrorCode::kNone, std::move(partition)};
}

/// REQUIRES: its log is here.
GroupCoordinator::PartitionPtr GroupCoordinator::partition_at(std::int32_t index,
                                                              const TopicImage& topic) {
    const auto known = partitions_.find(index);
    if (known != partitions_.end() && known->second->topic_id == topic.id) return known->second;
    drop(index);
    PartitionPtr partition = std::make_shared<Partition>(world_, index, topic.id);
    partitions_[index] = partition;
    const PartitionLog& log = *topic.partitions[static_cast<std::size_t>(index)].log;
    partition->loaded = log.log_start_offset() == log.durable_end();
    if (!partition->loaded) gate_.spawn(load(partition));
    return partition;
}

void GroupCoordinator::drop(std::int32_t index) {
    const auto found = partitions_.extract(index);
    if (found.empty()) return;
    Partition& partition = *found.mapped();
    partition.turn.stop();
    for (auto& [id, entry] : partition.groups) {
        entry->alarm.reset();
        entry->group.leave_to_others(now());
    }
}

GroupCoordinator::EntryPtr GroupCoordinator::find(const Partition& partition,
                                                  std::string_view group) {
    const auto found = partition.groups.find(group);
    return found == partition.groups.end() ? nullptr : found->second;
}

GroupCoordinator::EntryPtr GroupCoordinator::find_or_add(const PartitionPtr& partition,
                                                         std::string_view group) {
    if (EntryPtr known = find(*partition, group)) return known;
    auto entry = std::make_shared<Entry>(partition, std::string(group), config_.limits, now());
    partition->groups.emplace(entry->group.id(), entry);
    return entry;
}

void GroupCoordinator::Alarm::fire(Timer& timer) {
    auto& self = static_cast<Alarm&>(timer);
    self.coordinator.on_alarm(self.watched);
}

void GroupCoordinator::on_alarm(Entry& entry) {
    const EntryPtr held = entry.shared_from_this();
    entry.alarm.reset();
    entry.group.on_time(now());
    settle(entry);
}

void GroupCoordinator::settle(Entry& entry) {
    if (gate_.closed()) return;
    for (GroupStore& each : entry.group.take_stores()) {
        gate_.spawn(store(entry.shared_from_this(), std::move(each)));
    }
    entry.group.rest();
    const std::optional<Time> next = entry.group.next_deadline();
    if (!next) return entry.alarm.reset();
    if (entry.alarm && entry.alarm->set_to == *next) return;
    if (!entry.alarm) entry.alarm = std::make_unique<Alarm>(*this, entry);
    world_.timers().disarm(*entry.alarm);
    entry.alarm->set_to = *next;
    world_.timers().arm(*entry.alarm, *next);
}

Task<> GroupCoordinator::store(EntryPtr entry, GroupStore store) {
    const PartitionPtr partition = entry->partition.lock();
    Result<Offset> stored = Errc::kUnknownTopic;
    if (partition) {
        GroupBatch batch(config_.codec, world_.wall_clock_ms());
        batch.put_group(entry->group.id(), store.value);
        stored = co_await append(partition, std::move(batch).finish());
    }
    if (!stored) {
        logger_.warn("a group could not be stored",
                     {{"group", entry->group.id()}, {"reason", stored.error().message()}});
    }
    if (entry->group.is(GroupState::kDead)) co_return;
    entry->group.stored(now(), std::move(store), code_of_store(stored));
    settle(*entry);
}

/// Returns the batch's base offset once it is durable.
Task<Result<Offset>> GroupCoordinator::append(PartitionPtr partition, Bytes batch) {
    const Time deadline = world_.now() + config_.store_timeout;
    Semaphore::Share turn(partition->turn);
    const auto taken = co_await turn.take(1);
    if (!taken) co_return Errc::kUnknownTopic;
    const auto image = view_.now();
    const TopicImage* const topic = image->find(kOffsetsTopic);
    const bool is_it = topic != nullptr && topic->id == partition->topic_id;
    if (!is_it) co_return Errc::kUnknownTopic;
    PartitionLog* const log = topic->partitions[static_cast<std::size_t>(partition->index)].log;
    if (log == nullptr) co_return Errc::kStorageFailed;
    const auto largest = static_cast<std::size_t>(topic->config.max_message_bytes);
    if (batch.size() > largest) co_return Errc::kBatchTooLarge;
    const auto room = co_await log->wait_for_room(batch.size());
    if (!room) co_return room.error();
    const auto appended = log->append(batch, topic->leader_epoch);
    if (!appended) co_return appended.error();
    // Others may append while this waits for the disk.
    turn = Semaphore::Share();
    const auto durable = co_await log->wait_durable(appended->last_offset + 1, deadline);
    if (!durable) co_return durable.error();
    co_return appended->base_offset;
}

Task<JoinAnswer> GroupCoordinator::join(std::string_view group, JoinWish wish) {
    JoinAnswer refused;
    refused.member_id = wish.member_id;
    const Admitted admitted = admit(group);
    refused.code = admitted.code;
    const bool lives_too_long = wish.session_timeout_ms < config_.session_min_ms ||
                                wish.session_timeout_ms > config_.session_max_ms;
    if (refused.code == ErrorCode::kNone && lives_too_long) {
        refused.code = ErrorCode::kInvalidSessionTimeout;
    }
    if (refused.code == ErrorCode::kNone && !can_be_stored(group, wish)) {
        refused.code = ErrorCode::kUnknownServerError;
    }
    if (refused.code != ErrorCode::kNone) co_return refused;
    const EntryPtr entry = wish.member_id.empty() ? find_or_add(admitted.partition, group)
                                                  : find(*admitted.partition, group);
    if (!entry) {
        refused.code = ErrorCode::kUnknownMemberId;
        co_return refused;
    }
    Waiting<JoinAnswer> reply(world_);
    entry->group.join(now(), std::move(wish), reply);
    settle(*entry);
    co_return co_await reply.wait();
}

Task<SyncAnswer> GroupCoordinator::sync(std::string_view group, SyncWish wish) {
    const Admitted admitted = admit(group);
    SyncAnswer refused{.code = admitted.code};
    // Its rebalance is gone with the former coordinator: the member joins again.
    if (refused.code == ErrorCode::kCoordinatorLoadInProgress) {
        refused.code = ErrorCode::kRebalanceInProgress;
    }
    if (refused.code != ErrorCode::kNone) co_return refused;
    const EntryPtr entry = find(*admitted.partition, group);
    if (!entry) {
        refused.code = ErrorCode::kUnknownMemberId;
        co_return refused;
    }
    Waiting<SyncAnswer> reply(world_);
    entry->group.sync(now(), std::move(wish), reply);
    settle(*entry);
    co_return co_await reply.wait();
}

ErrorCode GroupCoordinator::heartbeat(std::string_view group, const MemberClaim& who) {
    const Admitted admitted = admit(group);
    if (admitted.code == ErrorCode::kCoordinatorLoadInProgress) return ErrorCode::kNone;
    if (admitted.code != ErrorCode::kNone) return admitted.code;
    const EntryPtr entry = find(*admitted.partition, group);
    if (!entry) return ErrorCode::kUnknownMemberId;
    const ErrorCode code = entry->group.heartbeat(now(), who);
    settle(*entry);
    return code;
}

ErrorCode GroupCoordinator::leave(std::string_view group, std::span<const MemberClaim> members,
                                  std::span<ErrorCode> codes) {
    const Admitted admitted = admit(group);
    if (admitted.code != ErrorCode::kNone) return admitted.code;
    const EntryPtr entry = find(*admitted.partition, group);
    for (std::size_t i = 0; i < members.size(); ++i) {
        codes[i] = entry ? entry->group.leave(now(), members[i]) : ErrorCode::kUnknownMemberId;
    }
    if (entry) settle(*entry);
    return ErrorCode::kNone;
}

}  // namespace millrace
