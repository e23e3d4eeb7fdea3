#include "core/storage/log_directory.hpp"

#include "core/runtime/random_uuid.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/storage/directory_names.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

// Ten million partitions' lines; anything larger is no checkpoint.
constexpr std::size_t kCheckpointBytesMax = 1 << 30;

// Small files that a start writes: folders, stores, epochs.
constexpr std::uint64_t kStartBytes = 1 << 20;

/// FNV-1a of 32 bits.
std::uint32_t fnv1a(std::string_view text) {
    std::uint32_t hash = 2166136261;
    for (const char each : text) hash = (hash ^ static_cast<unsigned char>(each)) * 16777619;
    return hash;
}

Task<Result<void>> settle_part(DirectoryPart* part) {
    if (part == nullptr) co_return Result<void>();
    co_return co_await part->settle();
}

Task<Result<void>> close_part(DirectoryPart* part, bool is_settled) {
    if (part == nullptr) co_return Result<void>();
    co_return co_await part->close(is_settled);
}

}  // namespace

LogDirectory::LogDirectory(World& world, Logger& logger, std::string path,
                           DirectoryIdentity identity, LogConfig config, std::uint32_t number,
                           std::shared_ptr<DiskRooms> rooms)
    : world_(world),
      logger_(logger),
      path_(std::move(path)),
      identity_(std::move(identity)),
      config_(config),
      number_(number),
      rooms_(rooms ? std::move(rooms) : std::make_shared<DiskRooms>(world)),
      checkpoint_turn_(world, 1) {}

LogDirectory::~LogDirectory() = default;

Task<Result<std::unique_ptr<LogDirectory>>> LogDirectory::open(
    World& world, Logger& logger, std::string path, DirectoryIdentity identity, LogConfig config,
    std::uint32_t number, std::shared_ptr<DiskRooms> rooms) {
    std::unique_ptr<LogDirectory> directory(
        new LogDirectory(world, logger, path, identity, config, number, std::move(rooms)));
    Result<void> outcome;
    // Whoever takes any broker's directory wants one that is there.
    if (identity.broker_id != DirectoryIdentity::kAnyBroker) {
        outcome = co_await ensure_folder(world, path);
    }
    if (outcome) outcome = co_await directory->take_lock();
    if (outcome) outcome = co_await directory->check_identity();
    if (outcome) outcome = co_await directory->choose_engine();
    if (outcome) outcome = co_await directory->recover();
    if (outcome) outcome = co_await directory->load_parts();
    if (outcome) outcome = co_await directory->begin_lives();
    if (!outcome) {
        logger.error("a log directory cannot be used",
                     {{"path", path}, {"reason", outcome.error().message()}});
        const auto settled = co_await directory->settle_parts();
        (void)co_await directory->close_parts(settled.has_value());
        if (directory->room_ != nullptr) co_await directory->room_->leave(path);
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

/// Direct writes where the filesystem has them, and each part's share of journal and memory.
Task<Result<void>> LogDirectory::choose_engine() {
    const auto space = co_await filesystem_space(world_, path_);
    if (!space) co_return space.error();
    room_ = &rooms_->of(space->device);
    make_parts();
    LogConfig& config = config_;
    config.cache_bytes /= parts_.size();
    config.cleaner = config.cleaner.share(parts_.size());
    const std::uint64_t least =
        std::max(config.journal_file_bytes_min * 8, config.batch_bytes_max * 4);
    config.journal_bytes =
        std::max(std::min(config.journal_bytes, space->total / 20) / parts_.size(), least);
    // A start needs room itself before anybody could make any.
    const std::uint64_t needed = 2 * journal_options(path_, config, 0).file_bytes() + kStartBytes;
    if (space->available < needed) co_await remove_ballasts(world_, path_);
    if (config.engine == SegmentEngine::kPageCache) co_return Result<void>();
    const auto tried = co_await try_direct_engine();
    if (tried) co_return tried;
    const bool is_unsupported =
        tried.error() == system_error(EINVAL) || tried.error() == system_error(EOPNOTSUPP);
    if (!is_unsupported) co_return tried;
    logger_.warn("no direct writes on this filesystem: going through the page cache",
                 {{"log_dir", path_}});
    config.engine = SegmentEngine::kPageCache;
    co_return Result<void>();
}

/// Direct writes go into space that is a file's already, so the filesystem has to have both.
Task<Result<void>> LogDirectory::try_direct_engine() {
    auto probe = co_await File::open_direct(world_, file(kProbeName), OpenMode::kTruncate);
    Result<void> outcome;
    if (probe) {
        outcome = co_await probe->allocate(0, kBlockBytes);
        (void)co_await probe->close();
    } else {
        outcome = probe.error();
    }
    // A refused open may have made it all the same.
    const auto removed = co_await remove_file(world_, file(kProbeName));
    if (outcome && !removed) co_return removed;
    // It would, had it the room.
    if (!outcome && is_full(outcome.error())) co_return Result<void>();
    co_return outcome;
}

void LogDirectory::make_parts() {
    const ShardNumber shards = world_.shard_count();
    const std::uint32_t count = std::min<std::uint32_t>(shards, kPartsMax);
    for (std::uint32_t index = 0; index < count; ++index) {
        parts_.push_back({(number_ * count + index) % shards, nullptr});
    }
}

std::vector<ShardNumber> LogDirectory::part_shards() const {
    std::vector<ShardNumber> shards;
    for (const Part& part : parts_) shards.push_back(part.shard);
    return shards;
}

/// By the folder's name, so that every start of every process finds the same.
std::uint32_t LogDirectory::part_of(const TopicPartition& name) const {
    return fnv1a(name.folder()) % static_cast<std::uint32_t>(parts_.size());
}

const LogDirectory::Entry* LogDirectory::find(const TopicPartition& name) const {
    const auto found = logs_.find(name);
    return found == logs_.end() ? nullptr : &found->second;
}

Task<Result<LogPlace>> LogDirectory::create(TopicPartition name, Uuid topic_id) {
    if (room_->is_short()) co_return system_error(ENOSPC);
    if (told_.contains(name)) {
        // A start would take it for what the new log has deleted.
        const auto written = co_await write_offset_checkpoints();
        if (!written) co_return written.error();
    }
    if (told_cleaned_.contains(name)) {
        const auto written = co_await write_cleaner_checkpoint();
        if (!written) co_return written.error();
    }
    const Part& part = parts_[part_of(name)];
    const auto visit = [&] { return part.part->create(name, topic_id); };
    ShardCall call(world_, part.shard, visit);
    const auto log = co_await call.run();
    if (!log) co_return log.error();
    const LogPlace place{part.shard, *log};
    logs_.emplace(std::move(name), Entry{place, topic_id, LeaderEpoch{-1}});
    co_return place;
}

void LogDirectory::note_failure() {
    if (!std::exchange(in_service_, false)) return;
    if (heard_) heard_();
}

Task<> LogDirectory::take_out_of_service(Error error) {
    DirectoryPart* const part = parts_.front().part.get();
    const auto visit = [part, &error] { part->fail(error); };
    ShardCall call(world_, parts_.front().shard, visit);
    co_await call.run();
    note_failure();
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

Task<Result<void>> LogDirectory::checkpoint() {
    const auto visit = [this](std::size_t i) { return parts_[i].part->checkpoint(); };
    co_return co_await visit_all(world_, part_shards(), visit);
}

Task<Result<void>> LogDirectory::write_offset_checkpoints() {
    Semaphore::Share turn(checkpoint_turn_);
    const auto taken = co_await turn.take(1);
    if (!taken) co_return taken;
    OffsetCheckpoint recovery_points;
    OffsetCheckpoint high_watermarks;
    OffsetCheckpoint log_starts;
    std::vector<std::vector<LogPoints>> of_part;
    for (const Part& each : parts_) {
        const auto visit = [&each] { return each.part->points(); };
        ShardCall call(world_, each.shard, visit);
        auto points = co_await call.run();
        if (!points) co_return points.error();
        of_part.push_back(std::move(*points));
        for (const LogPoints& log : of_part.back()) {
            recovery_points[log.name] = log.recovery_point;
            high_watermarks[log.name] = log.high_watermark;
            if (log.log_start) log_starts[log.name] = *log.log_start;
        }
    }
    told_.insert(log_starts.begin(), log_starts.end());
    auto outcome = co_await write_checkpoint(kRecoveryPointsName, recovery_points);
    if (outcome) outcome = co_await write_checkpoint(kHighWatermarksName, high_watermarks);
    if (outcome) outcome = co_await write_checkpoint(kLogStartsName, log_starts);
    if (outcome) told_ = std::move(log_starts);
    if (outcome) co_await note_points_told(of_part);
    co_return outcome;
}

Task<> LogDirectory::note_points_told(const std::vector<std::vector<LogPoints>>& of_part) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const auto visit = [&] { parts_[i].part->note_points_told(of_part[i]); };
        ShardCall call(world_, parts_[i].shard, visit);
        co_await call.run();
    }
}

Task<Result<void>> LogDirectory::settle_parts() {
    const auto visit = [this](std::size_t i) -> Task<Result<void>> {
        DirectoryPart* const part = parts_[i].part.get();
        return settle_part(part);
    };
    co_return co_await visit_all(world_, part_shards(), visit);
}

Task<Result<void>> LogDirectory::close_parts(bool are_settled) {
    const auto visit = [this, are_settled](std::size_t i) -> Task<Result<void>> {
        DirectoryPart* const part = parts_[i].part.get();
        return close_part(part, are_settled);
    };
    co_return co_await visit_all(world_, part_shards(), visit);
}

/// Once they begin their lives.
Task<> LogDirectory::share_room() {
    std::vector<DiskRoom::Member> members;
    for (const Part& each : parts_) {
        members.push_back({each.shard, each.part.get(), path_, each.part->bytes_wanted()});
    }
    co_await room_->join(std::move(members));
}

Task<Result<void>> LogDirectory::close() {
    auto outcome = co_await settle_parts();
    // Where logs begin only the journals tell otherwise.
    if (outcome) outcome = co_await with_room(&LogDirectory::write_offset_checkpoints);
    if (outcome && !told_cleaned_.empty()) {
        outcome = co_await with_room(&LogDirectory::write_cleaner_checkpoint);
    }
    const auto closed = co_await close_parts(outcome.has_value());
    co_await room_->leave(path_);
    if (outcome) outcome = closed;
    if (outcome) outcome = co_await with_room(&LogDirectory::leave_clean);
    (void)co_await lock_.close();
    co_return outcome;
}

/// `write`, and once more without ballasts when the disk is full.
Task<Result<void>> LogDirectory::with_room(Task<Result<void>> (LogDirectory::*write)()) {
    auto outcome = co_await (this->*write)();
    if (!outcome && is_full(outcome.error())) {
        co_await remove_ballasts(world_, path_);
        outcome = co_await (this->*write)();
    }
    co_return outcome;
}

Task<Result<void>> LogDirectory::leave_clean() {
    auto outcome = co_await remove_folder(world_, file(kUncleanName));
    // The second try finds it gone.
    if (!outcome && outcome.error() != system_error(ENOENT)) co_return outcome;
    outcome = co_await sync_folder(world_, path_);
    if (!outcome) co_return outcome;
    co_return co_await replace_file(world_, file(kMarkerName),
                                    "{\"version\":0,\"brokerEpoch\":-1}");
}

}  // namespace millrace
