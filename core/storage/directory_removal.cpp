// Partitions that are deleted: their logs out of service, their folders renamed as Kafka renames
// them, and removed once nobody reads them any more.
//
// A renamed folder is no partition to any start, and what the journal holds of it is dropped there:
// a replay takes a folder's entries only under the topic id that its partition.metadata has.
#include "core/runtime/random_uuid.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/storage/directory_names.hpp"
#include "core/storage/log_directory.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::size_t kFileNameMax = 255;

/// `<topic>-<partition>.<32 hex digits>-delete`, with as much of the topic's name as fits.
std::string deleted_name(World& world, const TopicPartition& name) {
    std::string unique;
    for (const std::byte each : random_uuid(world).bytes) {
        unique += fmt::format("{:02x}", static_cast<unsigned>(each));
    }
    const std::string end = fmt::format("-{}.{}{}", name.partition.value, unique, kDeletedEnd);
    return name.topic.substr(0, kFileNameMax - end.size()) + end;
}

}  // namespace

Task<Result<void>> DirectoryPart::remove(std::vector<Removal> removals) {
    // Before the turn: it may take a checkpoint until the journal has room for what was appended.
    for (const Removal& each : removals) {
        PartitionLog* const log = set_.find(each.name);
        expect(log != nullptr, "a log is removed that is not here");
        const auto ended = co_await log->end_appends();
        if (!ended) co_return ended;
    }
    const auto turn = co_await take_turn();
    if (!turn) co_return turn;
    const auto removed = co_await remove_in_turn(removals);
    end_turn();
    if (!removed) fail(removed.error());
    co_return removed;
}

Task<Result<void>> DirectoryPart::remove_in_turn(const std::vector<Removal>& removals) {
    for (const Removal& each : removals) {
        const auto found = set_.logs.find(each.name);
        co_await found->second->retire();
        const std::string to = path_ + "/" + each.folder;
        const auto renamed = co_await rename_file(world_, found->second->folder(), to);
        if (!renamed) co_return renamed;
        removed_.emplace(each.folder, std::move(found->second));
        set_.logs.erase(found);
    }
    co_return co_await sync_folder(world_, path_);
}

Task<> DirectoryPart::discard(std::vector<std::string> folders) {
    for (const std::string& folder : folders) {
        const auto log = removed_.extract(folder);
        if (!log.empty()) (void)co_await log.mapped()->close();
    }
    co_await discard_all(std::move(folders));
}

void DirectoryPart::discard_left(std::vector<std::string> folders) {
    if (!gate_.closed()) gate_.spawn(discard_all(std::move(folders)));
}

Task<> DirectoryPart::discard_all(std::vector<std::string> folders) {
    for (const std::string& folder : folders) {
        if (failed_ || closing_) co_return;
        const auto removed = co_await remove_folder_with_files(world_, path_ + "/" + folder);
        if (removed) continue;
        logger_.warn(
            "cannot remove a deleted partition's folder",
            {{"log_dir", path_}, {"folder", folder}, {"reason", removed.error().message()}});
    }
}

Task<Result<LogDirectory::Removed>> LogDirectory::remove(std::vector<TopicPartition> names) {
    std::vector<std::vector<Removal>> of_part(parts_.size());
    Removed removed;
    for (const TopicPartition& name : names) {
        Removal each{name, deleted_name(world_, name)};
        removed.emplace_back(part_of(name), each.folder);
        of_part[part_of(name)].push_back(std::move(each));
    }
    const auto visit = [this, &of_part](std::size_t i) {
        return parts_[i].part->remove(std::move(of_part[i]));
    };
    const auto outcome = co_await visit_all(world_, part_shards(), visit);
    if (!outcome) co_return outcome.error();
    for (const TopicPartition& name : names) logs_.erase(name);
    co_return removed;
}

Task<> LogDirectory::discard(Removed removed) {
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
        std::vector<std::string> folders;
        for (auto& [part, folder] : removed) {
            if (part == i) folders.push_back(std::move(folder));
        }
        if (folders.empty()) continue;
        const Part& part = parts_[i];
        const auto visit = [&part, &folders] { return part.part->discard(std::move(folders)); };
        ShardCall call(world_, part.shard, visit);
        co_await call.run();
    }
}

/// What a former life didn't get to.
Task<> LogDirectory::discard_left() {
    const Part& part = parts_.front();
    const auto visit = [this, &part] { part.part->discard_left(std::move(left_)); };
    ShardCall call(world_, part.shard, visit);
    co_await call.run();
}

}  // namespace millrace
