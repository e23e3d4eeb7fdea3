#include "core/storage/partition_log.hpp"

#include <algorithm>
#include <limits>

namespace millrace {
namespace {

constexpr std::size_t kSmallFileBytesMax = 1 << 20;

}  // namespace

PartitionLog::PartitionLog(World& world, Logger& logger, std::string parent, TopicPartition name,
                           const LogConfig& config)
    : world_(world),
      logger_(logger),
      name_(std::move(name)),
      folder_(parent + "/" + name_.folder()),
      config_(config),
      durable_waiters_(world),
      gate_(world) {}

LeaderEpoch PartitionLog::last_epoch() const {
    return epochs_.empty() ? LeaderEpoch{-1} : epochs_.back().epoch;
}

Task<Result<std::unique_ptr<PartitionLog>>> PartitionLog::create(World& world, Logger& logger,
                                                                 std::string parent,
                                                                 TopicPartition name, Uuid topic_id,
                                                                 const LogConfig& config) {
    std::unique_ptr<PartitionLog> log(new PartitionLog(world, logger, parent, name, config));
    log->topic_id_ = topic_id;
    auto outcome = co_await make_folder(world, log->folder_);
    if (outcome) {
        const std::string metadata = format_partition_metadata(topic_id);
        outcome = co_await replace_file(world, log->folder_ + "/partition.metadata", metadata);
    }
    if (outcome) outcome = co_await log->write_epochs();
    if (outcome) outcome = co_await log->roll(Offset{0});
    if (outcome) outcome = co_await sync_folder(world, parent);
    if (!outcome) {
        co_await log->abandon();
        co_return outcome.error();
    }
    co_return log;
}

Task<Result<std::unique_ptr<PartitionLog>>> PartitionLog::open(World& world, Logger& logger,
                                                               std::string parent,
                                                               TopicPartition name,
                                                               const LogConfig& config, Past past) {
    std::unique_ptr<PartitionLog> log(new PartitionLog(world, logger, parent, name, config));
    const auto loaded = co_await log->load(past);
    if (!loaded) {
        co_await log->abandon();
        co_return loaded.error();
    }
    co_return log;
}

Task<Result<void>> PartitionLog::load(Past past) {
    const auto metadata =
        co_await read_small_file(world_, folder_ + "/partition.metadata", kSmallFileBytesMax);
    if (metadata) {
        const auto id = parse_partition_metadata(*metadata);
        if (!id) co_return id.error();
        topic_id_ = *id;
    }
    const auto epochs_text =
        co_await read_small_file(world_, folder_ + "/leader-epoch-checkpoint", kSmallFileBytesMax);
    if (epochs_text) {
        auto epochs = parse_leader_epochs(*epochs_text);
        if (!epochs) co_return epochs.error();
        epochs_ = std::move(*epochs);
    }
    const auto entries = co_await list_folder(world_, folder_);
    if (!entries) co_return entries.error();
    std::vector<Offset> bases;
    for (const FolderEntry& entry : *entries) {
        if (!entry.is_folder && entry.name.size() == 24 && entry.name.ends_with(".log")) {
            bases.push_back(Offset{std::stoll(entry.name.substr(0, 20))});
        }
    }
    bool cut = false;
    for (std::size_t i = 0; i < bases.size(); ++i) {
        const bool last = i + 1 == bases.size();
        const Offset end = last ? Offset{std::numeric_limits<std::int64_t>::max()} : bases[i + 1];
        const bool verify = !past.clean && end > past.recovery_point;
        const auto loaded = cut ? co_await remove_segment_files(bases[i])
                                : co_await load_segment(bases[i], verify, cut);
        if (!loaded) co_return loaded;
    }
    if (segments_.empty()) {
        const auto rolled = co_await roll(past.log_start);
        if (!rolled) co_return rolled;
    }
    log_end_ = durable_end_ = active().next_offset();
    log_start_ = std::max(past.log_start, segments_.begin()->first);
    synced_end_ = log_end_;
    if (past.clean) co_return Result<void>();
    while (!epochs_.empty() && epochs_.back().start >= log_end_) epochs_.pop_back();
    const auto synced = co_await active().finish();
    if (!synced) co_return synced;
    co_return co_await write_epochs();
}

Task<Result<void>> PartitionLog::load_segment(Offset base, bool verify, bool& cut) {
    auto segment =
        co_await LogSegment::open(world_, folder_, base, verify, config_.index_interval_bytes);
    if (!segment && !verify && segment.error() == make_error_code(Errc::kCorruptBatch)) {
        logger_.warn(
            "a segment of a cleanly stopped log does not end where its index says, "
            "verifying it",
            {{"folder", folder_}, {"base_offset", base.value}});
        segment =
            co_await LogSegment::open(world_, folder_, base, true, config_.index_interval_bytes);
    }
    if (!segment) co_return segment.error();
    cut = (*segment)->was_cut();
    if (cut) {
        logger_.warn("cut a log behind its last whole batch",
                     {{"folder", folder_}, {"log_end_offset", (*segment)->next_offset().value}});
    }
    for (const BatchMeta& meta : (*segment)->epoch_starts()) {
        if (last_epoch() < meta.epoch) epochs_.push_back({meta.epoch, meta.base});
    }
    segments_.emplace(base, std::move(*segment));
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::remove_segment_files(Offset base) {
    logger_.warn("removed a segment behind a damaged one",
                 {{"folder", folder_}, {"base_offset", base.value}});
    for (const char* const suffix : {".log", ".index", ".timeindex"}) {
        const std::string path = folder_ + "/" + segment_file_name(base, suffix);
        const auto removed = co_await remove_file(world_, path);
        if (!removed && removed.error() != system_error(ENOENT)) co_return removed;
    }
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::wait_for_room() {
    while (!failed_ && tail_.bytes.size() > config_.tail_bytes_max) {
        const auto waited = co_await durable_waiters_.wait(durable_end_.value + 1, kNever);
        if (!waited) co_return waited;
    }
    if (failed_) co_return Errc::kStorageFailed;
    co_return Result<void>();
}

Result<AppendInfo> PartitionLog::append(MutableBytes batch, LeaderEpoch epoch) {
    if (failed_) return Errc::kStorageFailed;
    if (gate_.closed()) return Errc::kStopping;
    if (batch.size() > static_cast<std::size_t>(config_.segment_bytes))
        return Errc::kBatchSetTooLarge;
    assign_offset_and_epoch(batch, log_end_, epoch);
    const BatchMeta meta{RecordBatchView(batch)};
    append_bytes(tail_.bytes, batch);
    tail_.metas.push_back(meta);
    log_end_ = meta.last + 1;
    if (!flushing_) {
        flushing_ = true;
        gate_.spawn(flush_tail());
    }
    return AppendInfo{meta.base, meta.last};
}

Task<Result<void>> PartitionLog::wait_durable(Offset end, Time deadline) {
    if (durable_end_ >= end) co_return Result<void>();
    if (failed_) co_return Errc::kStorageFailed;
    co_return co_await durable_waiters_.wait(end.value, deadline);
}

Task<> PartitionLog::flush_tail() {
    Accepted accepted;
    while (!tail_.metas.empty() && !failed_) {
        std::swap(accepted, tail_);
        const Offset end = accepted.metas.back().last + 1;
        const auto written = co_await write_accepted(accepted);
        if (written) {
            durable_end_ = end;
            durable_waiters_.wake_through(end.value);
            if (durable_moved_) durable_moved_();
        } else {
            fail(written.error());
        }
        accepted.bytes.clear();
        accepted.metas.clear();
    }
    flushing_ = false;
}

Task<Result<void>> PartitionLog::write_accepted(const Accepted& accepted) {
    std::size_t run_first = 0;
    std::size_t run_begin = 0;
    std::size_t position = 0;
    const std::span<const BatchMeta> metas = accepted.metas;
    for (std::size_t i = 0; i <= metas.size(); ++i) {
        const bool rolls = i < metas.size() && must_roll(active(), metas[i], position - run_begin);
        if (i == metas.size() || rolls) {
            const ByteView run = ByteView(accepted.bytes).subspan(run_begin, position - run_begin);
            const auto written = co_await write_run(run, metas.subspan(run_first, i - run_first));
            if (!written) co_return written;
            run_first = i;
            run_begin = position;
        }
        if (rolls) {
            const auto rolled = co_await roll(metas[i].base);
            if (!rolled) co_return rolled;
        }
        if (i < metas.size()) position += metas[i].size;
    }
    if (config_.durability == Durability::kOs) co_return Result<void>();
    const auto synced = co_await active().sync();
    if (synced) synced_end_ = metas.back().last + 1;
    co_return synced;
}

Task<Result<void>> PartitionLog::write_run(ByteView bytes, std::span<const BatchMeta> metas) {
    if (metas.empty()) co_return Result<void>();
    for (const BatchMeta& meta : metas) {
        if (last_epoch() >= meta.epoch) continue;
        const auto noted = co_await note_epoch(meta);
        if (!noted) co_return noted;
    }
    co_return co_await active().append(bytes, metas, config_.index_interval_bytes);
}

Task<Result<void>> PartitionLog::note_epoch(const BatchMeta& meta) {
    epochs_.push_back({meta.epoch, meta.base});
    return write_epochs();
}

Task<Result<void>> PartitionLog::write_epochs() {
    const std::string text = format_leader_epochs(epochs_);
    co_return co_await replace_file(world_, folder_ + "/leader-epoch-checkpoint", text);
}

bool PartitionLog::must_roll(const LogSegment& active, const BatchMeta& meta,
                             std::uint64_t run_bytes) const {
    const std::uint64_t size = active.size() + run_bytes;
    if (size == 0) return false;
    if (size + meta.size > static_cast<std::uint64_t>(config_.segment_bytes)) return true;
    if (meta.last - active.base() > std::numeric_limits<std::int32_t>::max()) return true;
    if (active.index_bytes() + 8 > static_cast<std::size_t>(config_.segment_index_bytes))
        return true;
    const bool timed =
        active.first_timestamp() != kNoTimestamp && meta.max_timestamp != kNoTimestamp;
    const std::int64_t age = timed ? meta.max_timestamp - active.first_timestamp()
                                   : world_.wall_clock_ms() - active.created_ms();
    return active.size() > 0 && age > config_.segment_ms;
}

Task<Result<void>> PartitionLog::roll(Offset base) {
    if (!segments_.empty()) {
        const auto finished = co_await active().finish();
        if (!finished) co_return finished;
        synced_end_ = base;
    }
    auto segment = co_await LogSegment::create(world_, folder_, base);
    if (!segment) co_return segment.error();
    segments_.emplace(base, std::move(*segment));
    co_return co_await sync_folder(world_, folder_);
}

void PartitionLog::fail(const Error& error) {
    failed_ = true;
    tail_ = {};
    logger_.error("a log is out of service: a write or sync failed",
                  {{"folder", folder_}, {"reason", error.message()}});
    durable_waiters_.fail_all(Errc::kStorageFailed);
}

Task<> PartitionLog::abandon() {
    for (auto& [base, segment] : segments_) (void)co_await segment->close();
}

Task<Result<void>> PartitionLog::close() {
    co_await gate_.close();
    Result<void> outcome;
    if (failed_) outcome = Errc::kStorageFailed;
    if (!failed_) outcome = co_await active().finish();
    if (outcome) synced_end_ = log_end_;
    for (auto& [base, segment] : segments_) {
        const auto closed = co_await segment->close();
        if (outcome) outcome = closed;
    }
    co_return outcome;
}

}  // namespace millrace
