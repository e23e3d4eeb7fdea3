#include "core/storage/log_set.hpp"

#include "core/runtime/some_at_once.hpp"
#include "core/storage/ballast.hpp"

namespace millrace {
namespace {

// One flush of the device covers those that wait for it together.
constexpr std::size_t kSyncsAtOnce = 16;

/// What was written to a file that is closed already goes onto stable storage.
Task<Result<void>> sync_file(World& world, std::string path) {
    auto file = co_await File::open(world, path, OpenMode::kReadWrite);
    if (!file) co_return file.error();
    const auto synced = co_await file->sync(SyncScope::kAll);
    const auto closed = co_await file->close();
    co_return synced ? closed : synced;
}

}  // namespace

Task<Result<void>> LogSet::open_folder() {
    auto opened = co_await File::open(shared.world, folder_, OpenMode::kFolder);
    if (!opened) co_return opened.error();
    handle_ = std::move(*opened);
    co_return Result<void>();
}

PartitionLog* LogSet::find(const TopicPartition& name) const {
    const auto found = logs.find(name);
    return found == logs.end() ? nullptr : found->second.get();
}

Task<Result<void>> LogSet::load(TopicPartition name, PartitionLog::Past past) {
    auto log = co_await PartitionLog::open(shared, folder_, name, take_log_id(), past);
    if (!log && is_full(log.error()) && shared.make_room) {
        co_await shared.make_room();
        log = co_await PartitionLog::open(shared, folder_, name, take_log_id(), past);
    }
    if (!log && log.error() == make_error_code(Errc::kUnknownTopic)) {
        co_return co_await remove_half_made(name.folder());
    }
    if (!log) {
        shared.logger.error(
            "a partition's log cannot be loaded",
            {{"folder", folder_ + "/" + name.folder()}, {"reason", log.error().message()}});
        co_return log.error();
    }
    logs.emplace(std::move(name), std::move(*log));
    co_return Result<void>();
}

/// It would be in the way of the partition's creation, which is tried again.
Task<Result<void>> LogSet::remove_half_made(std::string folder) {
    shared.logger.info("removing a partition's folder that is half made",
                       {{"log_dir", folder_}, {"folder", folder}});
    co_return co_await remove_folder_with_files(shared.world, folder_ + "/" + folder);
}

Task<Result<void>> LogSet::sync_segments() {
    std::vector<UnsyncedSegment> segments;
    std::vector<std::string> snapshots;
    std::map<TopicPartition, Names> folders;
    for (auto& [name, log] : logs) {
        for (auto& each : log->unsynced_segments()) segments.push_back(std::move(each));
        for (std::string& each : log->take_unsynced_snapshots()) {
            snapshots.push_back(std::move(each));
        }
        if (log->is_folder_unsynced()) folders[name] = {log->id(), log->take_folder_unsynced()};
    }
    if (segments.empty() && folders.empty()) co_return Result<void>();
    const std::size_t files = segments.size() + snapshots.size() + folders.size();
    Result<void> synced;
    if (files <= shared.config.files_synced_singly) {
        synced = co_await sync_singly(segments, snapshots, folders);
    } else {
        synced = co_await sync_filesystem(segments);
    }
    if (!synced) co_return synced;
    for (const auto& [name, names] : folders) {
        PartitionLog* const log = find(name);
        if (log != nullptr && log->id() == names.log) log->on_folder_synced(names.begin);
    }
    co_return Result<void>();
}

Task<Result<void>> LogSet::sync_singly(const std::vector<UnsyncedSegment>& segments,
                                       const std::vector<std::string>& snapshots,
                                       const std::map<TopicPartition, Names>& folders) {
    const auto sync_segment = [&](std::size_t i) { return segments[i].segment->sync(); };
    auto synced = co_await some_at_once(shared.world, segments.size(), kSyncsAtOnce, sync_segment);
    if (!synced) co_return synced;
    const auto sync_snapshot = [&](std::size_t i) { return sync_file(shared.world, snapshots[i]); };
    synced = co_await some_at_once(shared.world, snapshots.size(), kSyncsAtOnce, sync_snapshot);
    if (!synced) co_return synced;
    std::vector<std::string> paths;
    for (const auto& [name, names] : folders) paths.push_back(folder_ + "/" + name.folder());
    const auto sync_names = [&](std::size_t i) { return sync_folder(shared.world, paths[i]); };
    co_return co_await some_at_once(shared.world, paths.size(), kSyncsAtOnce, sync_names);
}

Task<Result<void>> LogSet::sync_filesystem(const std::vector<UnsyncedSegment>& segments) {
    // Marked before: what is written while the sync runs is not covered by it.
    for (const UnsyncedSegment& each : segments) each.segment->mark_synced();
    const auto synced = co_await handle_.sync_filesystem();
    if (!synced) co_return synced;
    // The filesystem's sync is no barrier for the device's cache; a file's is, if it wrote.
    if (segments.empty()) co_return co_await handle_.sync(SyncScope::kAll);
    segments.front().segment->mark_unsynced();
    co_return co_await segments.front().segment->sync();
}

void LogSet::fail() {
    for (auto& [name, log] : logs) log->fail();
    shared.room.fail_all(Errc::kStorageFailed);
}

Task<Result<void>> LogSet::close() {
    Result<void> outcome;
    for (auto& [name, log] : logs) {
        const auto closed = co_await log->close();
        if (!closed) outcome = closed;
    }
    if (handle_.is_open()) {
        const auto closed = co_await handle_.close();
        if (outcome) outcome = closed;
    }
    co_return outcome;
}

}  // namespace millrace
