#include "core/storage/log_directory.hpp"

#include "core/runtime/random_uuid.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace millrace {
namespace {

constexpr std::string_view kLock = ".lock";
constexpr std::string_view kMeta = "meta.properties";
constexpr std::string_view kMarker = ".kafka_cleanshutdown";
constexpr std::string_view kRecoveryPoints = "recovery-point-offset-checkpoint";
constexpr std::string_view kHighWatermarks = "replication-offset-checkpoint";
constexpr std::string_view kLogStarts = "log-start-offset-checkpoint";
// Ten million partitions' lines; anything larger is no checkpoint.
constexpr std::size_t kCheckpointBytesMax = 1 << 30;

// Folders that a Java broker has in a log directory beside its partitions.
constexpr std::array<std::string_view, 2> kKnownFolders{"remote-log-index-cache",
                                                        "__cluster_metadata-0"};

bool is_put_aside(std::string_view name) {
    return name.ends_with("-delete") || name.ends_with("-stray") || name.ends_with("-future");
}

bool is_missing(const Error& error) { return error == system_error(ENOENT); }

}  // namespace

LogDirectory::LogDirectory(World& world, Logger& logger, std::string path,
                           DirectoryIdentity identity, LogConfig config)
    : world_(world),
      logger_(logger),
      path_(std::move(path)),
      identity_(std::move(identity)),
      config_(config) {}

Task<Result<std::unique_ptr<LogDirectory>>> LogDirectory::open(World& world, Logger& logger,
                                                               std::string path,
                                                               DirectoryIdentity identity,
                                                               LogConfig config) {
    std::unique_ptr<LogDirectory> directory(
        new LogDirectory(world, logger, path, identity, config));
    const auto made = co_await make_folder(world, path);
    auto outcome = made;
    if (!made && made.error() == system_error(EEXIST)) outcome = Result<void>();
    if (outcome) outcome = co_await directory->take_lock();
    if (outcome) outcome = co_await directory->check_identity();
    if (outcome) outcome = co_await directory->take_marker();
    if (outcome) outcome = co_await directory->load_logs();
    if (!outcome) {
        logger.error("a log directory cannot be used",
                     {{"path", path}, {"reason", outcome.error().message()}});
        for (auto& [name, log] : directory->logs_) (void)co_await log->close();
        if (directory->lock_.is_open()) (void)co_await directory->lock_.close();
        co_return outcome.error();
    }
    co_return directory;
}

Task<Result<void>> LogDirectory::take_lock() {
    const std::string path = file(kLock);
    auto opened = co_await File::open(world_, path, OpenMode::kCreate);
    if (!opened) co_return opened.error();
    lock_ = std::move(*opened);
    co_return co_await lock_.lock();
}

Task<Result<void>> LogDirectory::check_identity() {
    const std::string path = file(kMeta);
    const auto text = co_await read_small_file(world_, path, kCheckpointBytesMax);
    if (!text && !is_missing(text.error())) co_return text.error();
    if (text) {
        const auto meta = parse_meta_properties(*text);
        if (!meta) co_return meta.error();
        const bool same_cluster =
            identity_.cluster_id.empty() || identity_.cluster_id == meta->cluster_id;
        const bool same_broker = identity_.broker_id == DirectoryIdentity::kAnyBroker ||
                                 identity_.broker_id == meta->broker_id;
        if (!same_cluster || !same_broker) {
            logger_.error("meta.properties names another broker or cluster",
                          {{"file", path},
                           {"broker.id", meta->broker_id},
                           {"cluster.id", meta->cluster_id},
                           {"configured_broker.id", identity_.broker_id}});
            co_return Errc::kWrongDirectory;
        }
        identity_.cluster_id = meta->cluster_id;
        co_return Result<void>();
    }
    if (identity_.broker_id == DirectoryIdentity::kAnyBroker) {
        logger_.error("not a log directory: it has no meta.properties", {{"path", path_}});
        co_return Errc::kWrongDirectory;
    }
    if (identity_.cluster_id.empty()) identity_.cluster_id = random_uuid(world_).to_string();
    const MetaProperties meta{identity_.broker_id, identity_.cluster_id,
                              random_uuid(world_).to_string()};
    const std::string content = format_meta_properties(meta);
    co_return co_await replace_file(world_, path, content);
}

Task<Result<void>> LogDirectory::take_marker() {
    const auto removed = co_await remove_file(world_, file(kMarker));
    was_clean_ = removed.has_value();
    if (!removed && !is_missing(removed.error())) co_return removed;
    co_return co_await sync_folder(world_, path_);
}

Task<Result<OffsetCheckpoint>> LogDirectory::read_checkpoint(std::string_view name) {
    const std::string path = file(name);
    const auto text = co_await read_small_file(world_, path, kCheckpointBytesMax);
    if (!text && is_missing(text.error())) co_return OffsetCheckpoint();
    if (!text) co_return text.error();
    auto entries = parse_offset_checkpoint(*text);
    if (!entries) logger_.error("a checkpoint file is damaged", {{"file", path}});
    co_return entries;
}

Task<Result<void>> LogDirectory::load_logs() {
    const auto recovery_points = co_await read_checkpoint(kRecoveryPoints);
    if (!recovery_points) co_return recovery_points.error();
    const auto log_starts = co_await read_checkpoint(kLogStarts);
    if (!log_starts) co_return log_starts.error();
    const auto entries = co_await list_folder(world_, path_);
    if (!entries) co_return entries.error();
    const auto at_or_zero = [](const OffsetCheckpoint& all, const TopicPartition& name) {
        const auto found = all.find(name);
        return found == all.end() ? Offset{0} : found->second;
    };
    for (const FolderEntry& entry : *entries) {
        const bool known = std::find(kKnownFolders.begin(), kKnownFolders.end(), entry.name) !=
                           kKnownFolders.end();
        if (!entry.is_folder || known || is_put_aside(entry.name)) continue;
        const auto name = parse_folder_name(entry.name);
        if (!name) {
            logger_.error("a folder in the log directory is no partition: move it away",
                          {{"folder", file(entry.name)}});
            co_return Errc::kWrongDirectory;
        }
        const PartitionLog::Past past{was_clean_, at_or_zero(*recovery_points, *name),
                                      at_or_zero(*log_starts, *name)};
        auto log = co_await PartitionLog::open(world_, logger_, path_, *name, config_, past);
        if (!log) {
            logger_.error("a partition's log cannot be loaded", {{"folder", file(entry.name)}});
            co_return log.error();
        }
        logs_.emplace(*name, std::move(*log));
    }
    co_return Result<void>();
}

PartitionLog* LogDirectory::find(const TopicPartition& name) {
    const auto found = logs_.find(name);
    return found == logs_.end() ? nullptr : found->second.get();
}

Task<Result<PartitionLog*>> LogDirectory::create(TopicPartition name, Uuid topic_id) {
    auto log = co_await PartitionLog::create(world_, logger_, path_, name, topic_id, config_);
    if (!log) co_return log.error();
    PartitionLog* const created = log->get();
    logs_.emplace(std::move(name), std::move(*log));
    co_return created;
}

Task<Result<void>> LogDirectory::write_checkpoint(std::string_view name, OffsetCheckpoint entries) {
    const std::string text = format_offset_checkpoint(entries);
    co_return co_await replace_file(world_, file(name), text);
}

Task<Result<void>> LogDirectory::write_checkpoints() {
    OffsetCheckpoint recovery_points;
    OffsetCheckpoint high_watermarks;
    OffsetCheckpoint log_starts;
    for (const auto& [name, log] : logs_) {
        recovery_points[name] = log->synced_end();
        high_watermarks[name] = log->durable_end();
        if (log->log_start_offset() > log->first_base()) log_starts[name] = log->log_start_offset();
    }
    auto outcome = co_await write_checkpoint(kRecoveryPoints, recovery_points);
    if (outcome) outcome = co_await write_checkpoint(kHighWatermarks, high_watermarks);
    if (outcome) outcome = co_await write_checkpoint(kLogStarts, log_starts);
    co_return outcome;
}

Task<Result<void>> LogDirectory::close() {
    Result<void> outcome;
    for (auto& [name, log] : logs_) {
        const auto closed = co_await log->close();
        if (!closed) outcome = closed;
    }
    if (outcome) outcome = co_await write_checkpoints();
    if (outcome) {
        outcome =
            co_await replace_file(world_, file(kMarker), "{\"version\":0,\"brokerEpoch\":-1}");
    }
    (void)co_await lock_.close();
    co_return outcome;
}

}  // namespace millrace
