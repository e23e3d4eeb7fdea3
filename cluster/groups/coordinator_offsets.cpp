// The half of GroupCoordinator that keeps offsets: commits, questions, deletions, and expiry.
#include "cluster/groups/group_coordinator.hpp"

#include <algorithm>

namespace millrace {
namespace {

/// What a client is told when its commit couldn't be stored.
ErrorCode code_of_commit(const Result<Offset>& stored) {
    if (stored) return ErrorCode::kNone;
    const ErrorCode code = to_error_code(stored.error());
    switch (code) {
        case ErrorCode::kUnknownTopicOrPartition: return ErrorCode::kCoordinatorNotAvailable;
        case ErrorCode::kKafkaStorageError: return ErrorCode::kNotCoordinator;
        case ErrorCode::kMessageTooLarge: return ErrorCode::kInvalidCommitOffsetSize;
        default: return code;
    }
}

void set_all(std::vector<CommitLine>& lines, ErrorCode code) {
    for (CommitLine& each : lines) each.code = code;
}

bool is_good(const CommitLine& line) { return line.code == ErrorCode::kNone; }

}  // namespace

Task<> GroupCoordinator::commit(std::string_view group, const MemberClaim& who,
                                std::vector<CommitLine>& lines) {
    const Admitted admitted = admit(group);
    if (admitted.code != ErrorCode::kNone) co_return set_all(lines, admitted.code);
    if (group.size() > kRecordStringMax) {
        co_return set_all(lines, ErrorCode::kUnknownServerError);
    }
    EntryPtr entry = find(*admitted.partition, group);
    if (!entry && who.generation >= 0) {
        co_return set_all(lines, ErrorCode::kIllegalGeneration);
    }
    if (!entry) entry = find_or_add(admitted.partition, group);
    const ErrorCode code = entry->group.admit_commit(now(), who);
    settle(*entry);
    if (code != ErrorCode::kNone) co_return set_all(lines, code);
    if (!check_lines(lines)) co_return;
    co_await store_lines(admitted.partition, entry, lines);
}

/// False when nothing is left to be stored.
bool GroupCoordinator::check_lines(std::vector<CommitLine>& lines) const {
    const auto longest = std::min<std::size_t>(
        static_cast<std::size_t>(std::max(config_.metadata_bytes_max, 0)), kRecordStringMax);
    for (CommitLine& each : lines) {
        if (each.value.metadata().size() <= longest) continue;
        each.code = ErrorCode::kOffsetMetadataTooLarge;
    }
    return std::ranges::any_of(lines, is_good);
}

Task<> GroupCoordinator::store_lines(const PartitionPtr& partition, EntryPtr entry,
                                     std::vector<CommitLine>& lines) {
    GroupBatch batch(config_.codec, world_.wall_clock_ms());
    for (const CommitLine& each : lines) {
        if (!is_good(each)) continue;
        entry->offsets.begin({topics_.number_of(each.topic), each.partition});
        batch.put_offset(entry->group.id(), each.topic, each.partition, each.value);
    }
    const auto stored = co_await append(partition, std::move(batch).finish());
    const ErrorCode code = code_of_commit(stored);
    for (CommitLine& each : lines) {
        if (!is_good(each)) continue;
        each.code = code;
        const OffsetKey key{topics_.number_of(each.topic), each.partition};
        entry->offsets.end(key);
        if (!stored || entry->group.is(GroupState::kDead)) continue;
        each.value.record = *stored;
        entry->offsets.put(key, std::move(each.value));
    }
}

ErrorCode GroupCoordinator::fetch(std::string_view group, bool all, bool only_stable,
                                  std::vector<OffsetLine>& lines) {
    const Admitted admitted = admit(group);
    if (admitted.code != ErrorCode::kNone) return admitted.code;
    const EntryPtr entry = find(*admitted.partition, group);
    if (!entry) return ErrorCode::kNone;
    if (all) {
        for (const CommittedOffsets::Line& each : entry->offsets.all()) {
            lines.push_back({topics_.name_of(each.key.topic), each.key.partition});
        }
    }
    for (OffsetLine& each : lines) {
        const auto topic = topics_.find(each.topic);
        if (!topic) continue;
        const OffsetKey key{*topic, each.partition};
        if (only_stable && entry->offsets.is_under_way(key)) {
            each.code = ErrorCode::kUnstableOffsetCommit;
            continue;
        }
        const CommittedOffset* const known = entry->offsets.find(key);
        if (known == nullptr) continue;
        each.offset = known->offset;
        each.leader_epoch = known->leader_epoch;
        each.metadata = known->metadata();
    }
    return ErrorCode::kNone;
}

Task<ErrorCode> GroupCoordinator::delete_offsets(std::string_view group,
                                                 std::vector<CommitLine>& lines) {
    const Admitted admitted = admit(group);
    if (admitted.code != ErrorCode::kNone) co_return admitted.code;
    const EntryPtr entry = find(*admitted.partition, group);
    if (!entry) co_return ErrorCode::kGroupIdNotFound;
    const bool is_empty = entry->group.is(GroupState::kEmpty);
    if (!is_empty && !entry->group.is_of_consumers()) co_return ErrorCode::kNonEmptyGroup;
    std::vector<OffsetKey> keys;
    for (CommitLine& each : lines) {
        // What is read isn't known of every consumer: to be safe, it is everything then.
        const bool is_read = !is_empty && entry->group.may_read(each.topic);
        if (is_read) each.code = ErrorCode::kGroupSubscribedToTopic;
        if (!is_read) keys.push_back({topics_.number_of(each.topic), each.partition});
    }
    if (!keys.empty()) co_await drop_offsets(admitted.partition, entry, std::move(keys));
    co_return ErrorCode::kNone;
}

Task<ErrorCode> GroupCoordinator::remove(std::string_view group) {
    const Admitted admitted = admit(group);
    if (admitted.code != ErrorCode::kNone) co_return admitted.code;
    const EntryPtr entry = find(*admitted.partition, group);
    if (!entry) co_return ErrorCode::kGroupIdNotFound;
    if (!entry->group.is(GroupState::kEmpty)) co_return ErrorCode::kNonEmptyGroup;
    entry->group.die(now());
    std::vector<OffsetKey> keys;
    for (const auto& each : entry->offsets.all()) keys.push_back(each.key);
    co_await drop_offsets(admitted.partition, entry, std::move(keys));
    co_return ErrorCode::kNone;
}

Task<> GroupCoordinator::drop_offsets(PartitionPtr partition, EntryPtr entry,
                                      std::vector<OffsetKey> keys) {
    GroupBatch batch(config_.codec, world_.wall_clock_ms());
    const std::string& group = entry->group.id();
    for (const OffsetKey key : keys) {
        if (!entry->offsets.remove(key)) continue;
        batch.drop_offset(group, topics_.name_of(key.topic), key.partition);
    }
    const bool ends = entry->group.is(GroupState::kEmpty) && entry->offsets.is_bare();
    if (ends) entry->group.die(now());
    if (entry->group.is(GroupState::kDead)) {
        entry->alarm.reset();
        const bool was_stored = entry->group.generation() > 0;
        if (partition->groups.erase(group) > 0 && was_stored) batch.drop_group(group);
    }
    if (batch.empty()) co_return;
    const auto stored = co_await append(partition, std::move(batch).finish());
    if (stored) co_return;
    logger_.warn("what a group has lost could not be stored: a restart may bring it back",
                 {{"group", group}, {"reason", stored.error().message()}});
}

Task<> GroupCoordinator::forget_topics(const std::vector<std::string>& names) {
    std::vector<std::uint32_t> numbers;
    for (const std::string& each : names) {
        if (const auto number = topics_.find(each)) numbers.push_back(*number);
    }
    if (numbers.empty()) co_return;
    const auto partitions = partitions_;
    for (const auto& [index, partition] : partitions) {
        const auto groups = partition->groups;
        for (const auto& [id, entry] : groups) {
            std::vector<OffsetKey> keys;
            for (const auto& each : entry->offsets.all()) {
                if (std::ranges::find(numbers, each.key.topic) == numbers.end()) continue;
                keys.push_back(each.key);
            }
            if (!keys.empty()) co_await drop_offsets(partition, entry, std::move(keys));
        }
    }
}

Task<> GroupCoordinator::expire_steadily() {
    while (!stopping_) {
        const Time when = world_.now() + config_.expiry_interval;
        const auto woken = co_await stopping_waiters_.wait(0, when);
        if (stopping_ || woken || woken.error() != make_error_code(Errc::kTimedOut)) co_return;
        co_await expire_all(now());
    }
}

Task<> GroupCoordinator::expire_all(Moment now) {
    const auto partitions = partitions_;
    for (const auto& [index, partition] : partitions) {
        const auto groups = partition->groups;
        for (const auto& [id, entry] : groups) {
            auto keys = expired(*entry, now.wall);
            const bool ends = entry->group.is(GroupState::kEmpty) && entry->offsets.is_bare();
            if (keys.empty() && !ends) continue;
            co_await drop_offsets(partition, entry, std::move(keys));
        }
    }
}

/// A group that has no members keeps its offsets from when they left; one that has, those of topics
/// that it reads; who only stores offsets here, each from its commit.
std::vector<OffsetKey> GroupCoordinator::expired(const Entry& entry, TimestampMs now) const {
    const Group& group = entry.group;
    const bool has_members = !group.is(GroupState::kEmpty);
    const bool is_simple = !group.protocol_type();
    const bool knows_topics = group.is(GroupState::kStable) && group.knows_topics();
    std::vector<OffsetKey> keys;
    if (has_members && !knows_topics) return keys;
    for (const auto& [key, value] : entry.offsets.all()) {
        if (entry.offsets.is_under_way(key)) continue;
        if (has_members && group.may_read(topics_.name_of(key.topic))) continue;
        TimestampMs since = value.committed_at;
        if (!has_members && !is_simple) since = group.state_since().value_or(since);
        const TimestampMs expires_at = value.expires_at();
        const bool is_over =
            expires_at >= 0 ? now >= expires_at : now - since >= config_.retention_ms;
        if (is_over) keys.push_back(key);
    }
    return keys;
}

ErrorCode GroupCoordinator::list(std::vector<GroupOverview>& groups) const {
    if (stopping_) return ErrorCode::kCoordinatorNotAvailable;
    ErrorCode code = ErrorCode::kNone;
    for (const auto& [index, partition] : partitions_) {
        if (!partition->loaded) code = ErrorCode::kCoordinatorLoadInProgress;
        for (const auto& [id, entry] : partition->groups) {
            const Group& group = entry->group;
            groups.push_back({group.id(), group.protocol_type().value_or(""),
                              std::string(name_of(group.state()))});
        }
    }
    return code;
}

ErrorCode GroupCoordinator::describe(std::string_view group, DescribedGroup& into) {
    const Admitted admitted = admit(group);
    if (admitted.code != ErrorCode::kNone) return admitted.code;
    const EntryPtr entry = find(*admitted.partition, group);
    into.state = name_of(GroupState::kDead);
    if (!entry) return ErrorCode::kNone;
    const Group& is = entry->group;
    into.state = name_of(is.state());
    into.protocol_type = is.protocol_type().value_or("");
    const bool knows_shares = is.is(GroupState::kStable);
    if (knows_shares) into.protocol = is.protocol_name().value_or("");
    for (const auto& [number, member] : is.members().all()) {
        DescribedMember& told = into.members.emplace_back();
        told.id = member.id;
        told.instance_id = member.instance_id;
        told.client_id = member.client_id;
        told.client_host = member.client_host;
        if (!knows_shares) continue;
        told.metadata = member.metadata(into.protocol);
        told.assignment = member.assignment;
    }
    return ErrorCode::kNone;
}

}  // namespace millrace
