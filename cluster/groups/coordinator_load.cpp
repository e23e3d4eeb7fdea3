// The loading half of GroupCoordinator: a partition of __consumer_offsets, read into groups.
//
// The last record of a key counts. Offsets that were committed in a transaction count from its
// marker on. What a newer coordinator has written, or what can't be read, is passed over and told:
// the rest of the groups goes on.
#include "cluster/groups/group_coordinator.hpp"
#include "core/runtime/timer.hpp"
#include "core/storage/batch_headers.hpp"

namespace millrace {
namespace {

// Looked at in one go; others of the shard have their turn in between.
constexpr std::size_t kLoadBytes = 256 << 10;

}  // namespace

/// What is known of the groups so far.
struct GroupCoordinator::Loading {
    struct Loaded {
        Bytes value;  // of the group's last record; empty: it has none
        CommittedOffsets offsets;
    };

    std::map<std::string, Loaded, std::less<>> groups;
    std::map<std::int64_t, std::vector<OffsetRecord>> open;  // by the producer of the transaction
    std::uint64_t records{};
    std::uint64_t unknown{};
};

Task<> GroupCoordinator::load(PartitionPtr partition) {
    Semaphore::Share turn(load_turn_);
    const auto taken = co_await turn.take(1);
    if (!taken) co_return;
    const Time begun = world_.now();
    Loading loading;
    const auto read = co_await read_all(*partition, loading);
    const auto current = partitions_.find(partition->index);
    const bool is_wanted = current != partitions_.end() && current->second == partition;
    if (!is_wanted) co_return;
    if (!read) {
        logger_.error("the groups of a partition cannot be read",
                      {{"partition", partition->index}, {"reason", read.error().message()}});
        drop(partition->index);
        co_return;
    }
    if (loading.unknown > 0) {
        logger_.warn("passed over records that no coordinator of this version writes",
                     {{"partition", partition->index}, {"records", loading.unknown}});
    }
    const std::uint64_t records = loading.records;
    take_loaded(partition, std::move(loading));
    logger_.info("loaded the groups of a partition",
                 {{"partition", partition->index},
                  {"groups", partition->groups.size()},
                  {"records", records},
                  {"ms", (world_.now() - begun).count() / 1'000'000}});
}

Task<Result<void>> GroupCoordinator::read_all(const Partition& partition, Loading& into) {
    const auto image = view_.now();
    const TopicImage* const topic = image->find(kOffsetsTopic);
    const bool is_there = topic != nullptr && topic->id == partition.topic_id;
    PartitionLog* const log =
        is_there ? topic->partitions[static_cast<std::size_t>(partition.index)].log : nullptr;
    if (log == nullptr) co_return Errc::kUnknownTopic;
    Bytes bytes;
    for (Offset next = log->log_start_offset(); next < log->durable_end() && !stopping_;) {
        const auto parts = co_await log->read(next, kLoadBytes, true, ReadInto::kMemory);
        if (!parts) co_return parts.error();
        bytes.resize(size_of(*parts));
        copy_out(*parts, 0, bytes);
        for (ByteView rest = bytes; !rest.empty();) {
            const RecordBatchView batch(rest);
            const auto read = read_batch(batch, into);
            if (!read) co_return read;
            next = batch.last_offset() + 1;
            rest = rest.subspan(batch.size_in_bytes());
        }
        co_await sleep_for(world_, Duration{});
    }
    if (stopping_) co_return Errc::kStopping;
    co_return Result<void>();
}

Result<void> GroupCoordinator::read_batch(const RecordBatchView& batch, Loading& into) {
    const auto apply = [this, &into](OffsetRecord record, Offset at) {
        Loading::Loaded& group = into.groups[record.group];
        const OffsetKey key{topics_.number_of(record.topic), record.partition};
        if (!record.value) {
            group.offsets.remove(key);
            return;
        }
        record.value->record = at;
        group.offsets.put(key, std::move(*record.value));
    };
    const auto end_transaction = [&](const RecordView& marker) {
        constexpr std::int16_t kCommit = 1;
        const auto open = into.open.extract(batch.producer_id());
        const bool commits = marker.key && marker.key->size() >= 4 &&
                             load_be<std::int16_t>(marker.key->data() + 2) == kCommit;
        if (open.empty() || !commits) return;
        for (OffsetRecord& each : open.mapped()) {
            const Offset at = each.value ? each.value->record : batch.base_offset();
            apply(std::move(each), at);
        }
    };
    const auto on_record = [&](const RecordView& view) {
        ++into.records;
        if (batch.is_control()) return end_transaction(view), true;
        auto record = read_record(view);
        if (!record || std::holds_alternative<UnknownRecord>(*record)) return ++into.unknown, true;
        if (const auto* const group = std::get_if<GroupRecord>(&*record)) {
            const bool is_there = group->value.has_value();
            Bytes& value = into.groups[group->group].value;
            value = is_there ? Bytes(view.value->begin(), view.value->end()) : Bytes();
            return true;
        }
        auto& offset = std::get<OffsetRecord>(*record);
        if (!batch.is_transactional()) return apply(std::move(offset), batch.base_offset()), true;
        if (offset.value) offset.value->record = batch.base_offset();
        into.open[batch.producer_id()].push_back(std::move(offset));
        return true;
    };
    RecordReader reader(decompressor_);
    return reader.read(batch, on_record);
}

void GroupCoordinator::take_loaded(const PartitionPtr& partition, Loading loaded) {
    for (auto& [id, each] : loaded.groups) {
        if (each.value.empty() && each.offsets.all().empty()) continue;
        EntryPtr entry;
        if (each.value.empty()) {
            entry = std::make_shared<Entry>(partition, id, config_.limits, now());
        } else {
            Reader reader(each.value);
            const auto version = reader.read<std::int16_t>();
            const auto value = GroupMetadataValue::decode(reader, version);
            entry = std::make_shared<Entry>(partition, id, config_.limits, value.value(), version,
                                            now());
        }
        entry->offsets = std::move(each.offsets);
        entry->offsets.shrink();
        partition->groups.emplace(entry->group.id(), entry);
        settle(*entry);
    }
    partition->loaded = true;
}

}  // namespace millrace
