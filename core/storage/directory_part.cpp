#include "core/storage/directory_part.hpp"

#include "core/runtime/shard_call.hpp"

#include <cerrno>

namespace millrace {

bool is_of_broken_disk(const Error& error) {
    return error == system_error(EIO) || error == system_error(EROFS);
}

JournalOptions journal_options(const std::string& folder, const LogConfig& config,
                               std::uint32_t index) {
    JournalOptions options;
    options.folder = folder;
    options.index = index;
    options.bytes = config.journal_bytes;
    options.file_bytes_min = config.journal_file_bytes_min;
    options.direct = config.engine == SegmentEngine::kDirectIo;
    options.flush = config.durability == Durability::kFlush;
    return options;
}

std::uint64_t account_bytes(const LogConfig& config) {
    const std::uint64_t two = 2 * LogSegment::growth_max(config.batch_bytes_max);
    return round_up(std::max(config.journal_bytes / 4, two), kBlockBytes);
}

namespace {

/// What a new journal may still lack.
std::uint64_t spare_bytes(const LogConfig& config) {
    return 2 * journal_options("", config, 0).file_bytes();
}

/// Beside the account: spare files, what nobody counts (indexes, checkpoint files, the filesystem's
/// own blocks), and what is never given up.
std::uint64_t ballast_bytes(const LogConfig& config) {
    const std::uint64_t account = account_bytes(config);
    const std::uint64_t all = account + account / 8 + spare_bytes(config) + Ballast::kPebbleBytes;
    return round_up(all, kBlockBytes);
}

}  // namespace

DirectoryPart::DirectoryPart(World& world, const Logger& logger, std::string path,
                             std::uint32_t index, LogConfig config)
    : world_(world),
      logger_(logger),
      path_(std::move(path)),
      index_(index),
      set_(world, logger_, path_, config),
      ballast_(world, path_, index_, ballast_bytes(config), spare_bytes(config)),
      cleaning_(world),
      turn_waiters_(world),
      background_waiters_(world),
      gate_(world) {
    set_.shared.failed = [this](const Error& error) { fail(error); };
    set_.shared.fill_wanted = [this] { start_filling(); };
    set_.shared.make_room = [this] { return make_room(); };
    set_.shared.account_max = account_bytes(config);
    cleaning_.config = config.cleaner;
}

Task<Result<void>> DirectoryPart::load(std::vector<LogToLoad> logs) {
    const auto opened = co_await set_.open_folder();
    if (!opened) co_return opened;
    for (const LogToLoad& each : logs) {
        const auto loaded = co_await set_.load(each.name, each.past);
        if (!loaded) co_return loaded;
    }
    for (auto& [name, log] : set_.logs) {
        const auto written = co_await log->write_snapshots(log->log_end_offset());
        if (!written) co_return written;
    }
    // The journal may forget nothing, and a clean stop promise nothing, before this.
    co_return co_await set_.sync_segments();
}

Task<Result<void>> DirectoryPart::begin_life(Journal::Past past) {
    const auto ballasted = co_await ballast_.make();
    if (!ballasted && !is_full(ballasted.error())) co_return ballasted;
    JournalOptions options = journal_options(path_, set_.shared.config, index_);
    options.frugal = !ballasted;
    auto journal = co_await Journal::open(world_, logger_, std::move(options), std::move(past),
                                          set_.shared.make_room);
    if (!journal) co_return journal.error();
    journal_ = std::move(*journal);
    journal_->on_failed([this](const Error& error) { fail(error); });
    journal_->on_checkpoint_wanted([this] { start_checkpoint(); });
    const Lsn begin = journal_->next_lsn();
    const auto told = co_await write_checkpoint_frames(begin, {});
    if (!told) co_return told;
    journal_->release_before(begin);
    set_.shared.journal = journal_.get();
    if (!ballast_.stands()) become_full();
    journal_->reserve(reserve_bytes());
    gate_.spawn(drop_steadily());
    const LogConfig& config = set_.shared.config;
    const bool flushes =
        config.durability == Durability::kOs && config.flush_check_interval < Duration::max();
    if (flushes) gate_.spawn(flush_steadily());
    co_return Result<void>();
}

Task<Result<PartitionLog*>> DirectoryPart::create(TopicPartition name, Uuid topic_id) {
    if (failed_) co_return Errc::kStorageFailed;
    if (set_.shared.full) co_return system_error(ENOSPC);
    const LogId id = set_.take_log_id();
    auto log = co_await PartitionLog::create(set_.shared, path_, name, id, topic_id);
    if (!log) {
        if (is_of_broken_disk(log.error())) fail(log.error());
        if (failed_) co_return Errc::kStorageFailed;
        co_return log.error();
    }
    PartitionLog* const created = log->get();
    set_.logs.emplace(std::move(name), std::move(*log));
    journal_->reserve(reserve_bytes());
    co_return created;
}

std::uint64_t DirectoryPart::reserve_bytes() const {
    constexpr std::uint64_t kBytesPerLog = 512;  // a binding with the longest name, and a line
    return set_.logs.size() * kBytesPerLog + set_.shared.config.batch_bytes_max;
}

void DirectoryPart::fail(const Error& error) {
    if (failed_) return;
    world_.metrics().storage_failures.add();
    logger_.error("a log directory is out of service: a write or sync failed",
                  {{"log_dir", path_}, {"reason", error.message()}});
    go_out_of_service();
    if (!gate_.closed()) gate_.spawn(tell_others());
}

void DirectoryPart::go_out_of_service() {
    failed_ = true;
    set_.fail();
    turn_waiters_.fail_all(Errc::kStorageFailed);
    background_waiters_.fail_all(Errc::kStorageFailed);
}

Task<> DirectoryPart::tell_others() {
    for (const Place& each : others_) {
        const auto tell = [&each] { each.part->go_out_of_service(); };
        ShardCall call(world_, each.shard, tell);
        co_await call.run();
    }
    if (!at_home_.failed) co_return;
    ShardCall call(world_, at_home_.shard, at_home_.failed);
    co_await call.run();
}

Result<std::vector<LogPoints>> DirectoryPart::points() const {
    if (failed_) return Errc::kStorageFailed;
    std::vector<LogPoints> points;
    for (const auto& [name, log] : set_.logs) {
        LogPoints each{name, log->synced_end(), log->durable_end(), std::nullopt};
        if (log->has_start_to_tell()) each.log_start = log->log_start_offset();
        points.push_back(std::move(each));
    }
    return points;
}

void DirectoryPart::note_points_told(const std::vector<LogPoints>& points) {
    for (const LogPoints& each : points) {
        PartitionLog* const log = set_.find(each.name);
        if (log != nullptr) log->set_point_told(each.recovery_point);
    }
}

Task<Result<void>> DirectoryPart::close_files() {
    if (!gate_.closed()) co_await gate_.close();
    Result<void> outcome;
    if (journal_) outcome = co_await journal_->close();
    const auto closed = co_await set_.close();
    if (outcome) outcome = closed;
    for (auto& [folder, log] : removed_) (void)co_await log->close();
    // Its registered memory goes on the shard whose ring knows it.
    set_.shared.journal = nullptr;
    journal_.reset();
    co_return outcome;
}

Task<Result<void>> DirectoryPart::settle() {
    Result<void> outcome;
    // Without a life there is nothing to settle.
    if (!journal_) co_return outcome;
    for (auto& [name, log] : set_.logs) {
        if (outcome) outcome = co_await log->wait_durable(log->log_end_offset(), kNever);
    }
    // No checkpoint begins by itself any more: its frames would come behind the last one.
    closing_ = cleaning_.stopping = true;
    background_waiters_.fail_all(Errc::kStopping);
    co_await gate_.close();
    if (outcome) outcome = co_await checkpoint();
    if (failed_) outcome = Errc::kStorageFailed;
    co_return outcome;
}

Task<Result<void>> DirectoryPart::close(bool is_settled) {
    Result<void> outcome;
    if (is_settled && journal_) {
        outcome = co_await journal_->write_control([](FrameBuilder& frame) {
            frame.add_closed();
            return false;
        });
    }
    const auto closed = co_await close_files();
    if (outcome) outcome = closed;
    if (failed_) outcome = Errc::kStorageFailed;
    co_return outcome;
}

}  // namespace millrace
