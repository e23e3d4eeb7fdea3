#include "core/storage/log_directory.hpp"

#include "core/runtime/random_uuid.hpp"
#include "core/storage/directory_names.hpp"

#include <cerrno>

namespace millrace {
namespace {

// Ten million partitions' lines; anything larger is no checkpoint.
constexpr std::size_t kCheckpointBytesMax = 1 << 30;

}  // namespace

LogDirectory::LogDirectory(World& world, Logger& logger, std::string path,
                           DirectoryIdentity identity, LogConfig config)
    : world_(world),
      logger_(logger),
      path_(std::move(path)),
      identity_(std::move(identity)),
      shared_(world, logger, config),
      checkpoint_waiters_(world),
      gate_(world) {
    shared_.failed = [this](const Error& error) { fail(error); };
    shared_.memory_short = [this] { start_checkpoint(); };
}

LogDirectory::~LogDirectory() = default;

Task<Result<std::unique_ptr<LogDirectory>>> LogDirectory::open(World& world, Logger& logger,
                                                               std::string path,
                                                               DirectoryIdentity identity,
                                                               LogConfig config) {
    std::unique_ptr<LogDirectory> directory(
        new LogDirectory(world, logger, path, identity, config));
    auto outcome = co_await ensure_folder(world, path);
    if (outcome) outcome = co_await directory->take_lock();
    if (outcome) outcome = co_await directory->check_identity();
    if (outcome) outcome = co_await directory->choose_engine();
    if (outcome) outcome = co_await directory->load();
    if (!outcome) {
        logger.error("a log directory cannot be used",
                     {{"path", path}, {"reason", outcome.error().message()}});
        (void)co_await directory->close_files();
        if (directory->lock_.is_open()) (void)co_await directory->lock_.close();
        co_return outcome.error();
    }
    co_return directory;
}

Task<Result<void>> LogDirectory::take_lock() {
    const std::string path = file(kLockName);
    auto opened = co_await File::open(world_, path, OpenMode::kCreate);
    if (!opened) co_return opened.error();
    lock_ = std::move(*opened);
    co_return co_await lock_.lock();
}

Task<Result<void>> LogDirectory::check_identity() {
    const std::string path = file(kMetaName);
    const auto text = co_await read_small_file(world_, path, kCheckpointBytesMax);
    if (!text && text.error() != system_error(ENOENT)) co_return text.error();
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

/// Direct writes where the filesystem has them.
Task<Result<void>> LogDirectory::choose_engine() {
    const auto space = co_await filesystem_space(world_, path_);
    if (!space) co_return space.error();
    LogConfig& config = shared_.config;
    const std::uint64_t least =
        std::max(config.journal_file_bytes_min * 8, config.batch_bytes_max * 4);
    config.journal_bytes = std::max(std::min(config.journal_bytes, space->total / 20), least);
    if (shared_.config.engine == SegmentEngine::kPageCache) co_return Result<void>();
    auto probe = co_await File::open_direct(world_, file(kLockName), OpenMode::kRead);
    if (probe) co_return co_await probe->close();
    if (probe.error() != system_error(EINVAL)) co_return probe.error();
    logger_.warn("no direct writes on this filesystem: going through the page cache",
                 {{"log_dir", path_}});
    shared_.config.engine = SegmentEngine::kPageCache;
    co_return Result<void>();
}

JournalOptions LogDirectory::journal_options() const {
    JournalOptions options;
    options.folder = path_;
    options.bytes = shared_.config.journal_bytes;
    options.file_bytes_min = shared_.config.journal_file_bytes_min;
    options.direct = shared_.config.engine == SegmentEngine::kDirectIo;
    options.flush = shared_.config.durability == Durability::kFlush;
    return options;
}

PartitionLog* LogDirectory::find(const TopicPartition& name) {
    const auto found = logs_.find(name);
    return found == logs_.end() ? nullptr : found->second.get();
}

Task<Result<PartitionLog*>> LogDirectory::create(TopicPartition name, Uuid topic_id) {
    if (failed_) co_return Errc::kStorageFailed;
    auto log = co_await PartitionLog::create(shared_, path_, name, next_log_id_++, topic_id);
    if (!log) co_return log.error();
    PartitionLog* const created = log->get();
    logs_.emplace(std::move(name), std::move(*log));
    if (journal_) journal_->reserve(reserve_bytes());
    co_return created;
}

std::uint64_t LogDirectory::reserve_bytes() const {
    constexpr std::uint64_t kBytesPerLog = 512;  // a binding with the longest name, and a line
    return logs_.size() * kBytesPerLog + shared_.config.batch_bytes_max;
}

void LogDirectory::fail(const Error& error) {
    if (failed_) return;
    failed_ = true;
    world_.metrics().storage_failures.add();
    logger_.error("a log directory is out of service: a write or sync failed",
                  {{"log_dir", path_}, {"reason", error.message()}});
    for (auto& [name, log] : logs_) log->fail();
    shared_.room.fail_all(Errc::kStorageFailed);
    checkpoint_waiters_.fail_all(Errc::kStorageFailed);
}

Task<bool> LogDirectory::exists(std::string_view name) {
    const auto entries = co_await list_folder(world_, path_);
    if (!entries) co_return false;
    for (const FolderEntry& entry : *entries) {
        if (entry.name == name) co_return true;
    }
    co_return false;
}

Task<Result<OffsetCheckpoint>> LogDirectory::read_checkpoint(std::string_view name) {
    const std::string path = file(name);
    const auto text = co_await read_small_file(world_, path, kCheckpointBytesMax);
    if (!text && text.error() == system_error(ENOENT)) co_return OffsetCheckpoint();
    if (!text) co_return text.error();
    auto entries = parse_offset_checkpoint(*text);
    if (!entries) logger_.error("a checkpoint file is damaged", {{"file", path}});
    co_return entries;
}

Task<Result<void>> LogDirectory::write_checkpoint(std::string_view name, OffsetCheckpoint entries) {
    const std::string text = format_offset_checkpoint(entries);
    co_return co_await replace_file(world_, file(name), text);
}

Task<Result<void>> LogDirectory::write_offset_checkpoints() {
    if (failed_) co_return Errc::kStorageFailed;
    OffsetCheckpoint recovery_points;
    OffsetCheckpoint high_watermarks;
    OffsetCheckpoint log_starts;
    for (const auto& [name, log] : logs_) {
        recovery_points[name] = log->synced_end();
        high_watermarks[name] = log->durable_end();
        if (log->log_start_offset() > log->first_base()) log_starts[name] = log->log_start_offset();
    }
    auto outcome = co_await write_checkpoint(kRecoveryPointsName, recovery_points);
    if (outcome) outcome = co_await write_checkpoint(kHighWatermarksName, high_watermarks);
    if (outcome) outcome = co_await write_checkpoint(kLogStartsName, log_starts);
    co_return outcome;
}

Task<Result<void>> LogDirectory::close_files() {
    co_await gate_.close();
    Result<void> outcome;
    if (journal_) outcome = co_await journal_->close();
    for (auto& [name, log] : logs_) {
        const auto closed = co_await log->close();
        if (!closed) outcome = closed;
    }
    co_return outcome;
}

Task<Result<void>> LogDirectory::close() {
    closing_ = true;
    Result<void> outcome;
    for (auto& [name, log] : logs_) {
        if (outcome) outcome = co_await log->wait_durable(log->log_end_offset(), kNever);
    }
    if (outcome) outcome = co_await checkpoint();
    if (outcome) outcome = co_await write_offset_checkpoints();
    if (outcome) {
        outcome = co_await journal_->write_control([](FrameBuilder& frame) {
            frame.add_closed();
            return false;
        });
    }
    const auto closed = co_await close_files();
    if (outcome) outcome = closed;
    if (outcome) outcome = co_await remove_folder(world_, file(kUncleanName));
    if (outcome) outcome = co_await sync_folder(world_, path_);
    if (outcome) {
        outcome =
            co_await replace_file(world_, file(kMarkerName), "{\"version\":0,\"brokerEpoch\":-1}");
    }
    (void)co_await lock_.close();
    co_return outcome;
}

}  // namespace millrace
