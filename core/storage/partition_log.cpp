#include "core/storage/partition_log.hpp"

#include "core/runtime/timer.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace millrace {
namespace {

/// What a journal takes besides what it was laid out for: a topic may ask for more than the broker.
std::uint64_t largest_batch(const LogConfig& config) {
    return std::max(config.batch_bytes_max, config.journal_bytes / 8);
}

}  // namespace

PartitionLog::PartitionLog(LogShared& shared, std::string parent, TopicPartition name, LogId id)
    : shared_(shared),
      world_(shared.world),
      logger_(shared.logger),
      name_(std::move(name)),
      id_(id),
      folder_(parent + "/" + name_.folder()),
      config_(shared.config),
      topic_(shared.config.topic),
      producers_(shared.world, shared.logger, folder_),
      beginning_(shared.world),
      durable_waiters_(shared.world),
      removal_waiters_(shared.world),
      fill_waiters_(shared.world),
      gate_(shared.world) {}

LeaderEpoch PartitionLog::last_epoch() const {
    return epochs_.empty() ? LeaderEpoch{-1} : epochs_.back().epoch;
}

Offset PartitionLog::start_of(LeaderEpoch epoch) const {
    return last_epoch() == epoch ? epochs_.back().start : log_end_;
}

SegmentConfig PartitionLog::segment_config() {
    // So that partitions that began together don't roll together.
    const std::int64_t most = std::min(topic_.segment_jitter_ms, topic_.segment_ms);
    const std::int64_t jitter =
        most > 0 ? static_cast<std::int64_t>(world_.random() % static_cast<std::uint64_t>(most))
                 : 0;
    return {config_.engine, static_cast<std::uint64_t>(topic_.segment_bytes),
            topic_.index_interval_bytes, jitter, shared_.cache};
}

/// A batch that is larger than all of the account goes alone.
bool PartitionLog::has_account_for(std::size_t bytes) const {
    return shared_.on_account == 0 ||
           shared_.on_account + LogSegment::growth_max(bytes) <= shared_.account_max;
}

void PartitionLog::note_account() {
    std::uint64_t wanted = 0;
    for (auto at = segments_.find(fill_base_); at != segments_.end(); ++at) {
        wanted += at->second->growth_wanted();
    }
    shared_.on_account -= on_account_;
    shared_.on_account += wanted;
    on_account_ = wanted;
}

bool PartitionLog::has_room(std::size_t bytes) const {
    const bool waits = shared_.journal->pause() > Duration::zero() ||
                       unfilled_ > config_.tail_bytes_max || shared_.is_short_of_memory() ||
                       !has_account_for(bytes);
    return !waits && !failed_ && !shared_.full;
}

Task<Result<void>> PartitionLog::wait_for_room(std::size_t bytes) {
    const Duration pause = shared_.journal->pause();
    if (pause > Duration::zero()) {
        world_.metrics().appends_slowed.add();
        co_await sleep_for(world_, pause);
    }
    while (!failed_) {
        if (shared_.full) co_return system_error(ENOSPC);
        const bool is_short = shared_.is_short_of_memory() || !has_account_for(bytes);
        if (unfilled_ <= config_.tail_bytes_max && !is_short) co_return Result<void>();
        if (is_short && shared_.fill_wanted) shared_.fill_wanted();
        const auto waited = co_await shared_.room.wait(shared_.fills + 1, kNever);
        if (!waited) co_return waited;
    }
    co_return failure_;
}

Result<AppendInfo> PartitionLog::append(MutableBytes batch, LeaderEpoch epoch) {
    if (failed_) return failure_;
    if (retiring_) return Errc::kUnknownTopic;
    if (gate_.closed()) return Errc::kStopping;
    if (shared_.full) return system_error(ENOSPC);
    if (batch.size() > static_cast<std::size_t>(topic_.segment_bytes))
        return Errc::kBatchSetTooLarge;
    if (batch.size() > largest_batch(config_)) return Errc::kBatchTooLarge;
    const auto there = producers_.check(RecordBatchView(batch));
    if (!there) return there.error();
    if (const ProducerBatch* const original = *there) {
        world_.metrics().batches_repeated.add();
        return AppendInfo{original->base_offset(), original->last_offset, original->timestamp};
    }
    assign_offset_and_epoch(batch, log_end_, epoch);
    const BatchMeta meta{RecordBatchView(batch)};
    if (must_roll(meta)) roll(meta.base);
    accept(batch, meta);
    note_account();
    world_.metrics().batches_appended.add();
    world_.metrics().bytes_appended.add(batch.size());
    last_append_ = world_.now();
    active_ = true;
    if (!add_newest(batch)) {
        unframed_.push_back({active().base(), active().size(), log_end_});
        shared_.journal->enqueue(*this);
    }
    return AppendInfo{meta.base, meta.last};
}

void PartitionLog::accept(ByteView batch, const BatchMeta& meta) {
    if (last_epoch() < meta.epoch) {
        epochs_.push_back({meta.epoch, meta.base});
        epochs_unwritten_ = true;
    }
    active().append(batch, meta);
    producers_.note(RecordBatchView(batch));
    log_end_ = meta.last + 1;
    ++appends_;
    unfilled_ += batch.size();
    shared_.unfilled += batch.size();
}

bool PartitionLog::must_roll(const BatchMeta& meta) const {
    const LogSegment& last = *segments_.rbegin()->second;
    const SegmentIndex& index = last.index();
    if (last.size() == 0) return false;
    if (last.size() + meta.size > static_cast<std::uint64_t>(topic_.segment_bytes)) return true;
    if (meta.last - last.base() > std::numeric_limits<std::int32_t>::max()) return true;
    if (index.is_full(static_cast<std::size_t>(topic_.segment_index_bytes))) return true;
    // A batch without a timestamp behind one that has some is never too late.
    const std::int64_t age = index.first_timestamp() != kNoTimestamp
                                 ? meta.max_timestamp - index.first_timestamp()
                                 : world_.wall_clock_ms() - last.created_ms();
    const std::int64_t most = topic_.cleanup_by_compaction
                                  ? std::min(topic_.segment_ms, topic_.max_compaction_lag_ms)
                                  : topic_.segment_ms;
    return age > most - last.jitter_ms();
}

void PartitionLog::roll(Offset base) {
    producers_.take(base, LogProducers::Reason::kRoll);
    segments_.emplace(base, std::make_unique<LogSegment>(world_, folder_, base, segment_config()));
}

Task<Result<void>> PartitionLog::wait_durable(Offset end, Time deadline) {
    if (durable_end_ >= end) co_return Result<void>();
    if (failed_) co_return failure_;
    co_return co_await durable_waiters_.wait(end.value, deadline);
}

void PartitionLog::fail(Errc reason) {
    if (failed_) return;
    failed_ = true;
    failure_ = reason;
    durable_waiters_.fail_all(reason);
    fill_waiters_.fail_all(reason);
    beginning_.fail(reason);
    removal_waiters_.fail_all(reason);
    for (LogWatch& watch : watches_) watch.moved();
}

Task<Result<void>> PartitionLog::end_appends() {
    retiring_ = true;
    const auto durable = co_await wait_durable(log_end_, kNever);
    if (!durable) co_return durable;
    // An entry that is still to be framed would outlive the log.
    while (beginning_.is_moving()) {
        const auto moved = co_await beginning_.wait_moved();
        if (!moved) co_return moved;
    }
    co_return Result<void>();
}

Task<> PartitionLog::retire() {
    fail(Errc::kUnknownTopic);
    co_await gate_.close();
    shared_.unfilled -= std::exchange(unfilled_, 0);
    shared_.on_account -= std::exchange(on_account_, 0);
    shared_.room.wake_through(++shared_.fills);
}

void PartitionLog::on_checkpoint(LogPosition end, bool inactive) {
    synced_end_ = std::max(synced_end_, end.next_offset);
    covered_base_ = std::max(covered_base_, end.segment_base);
    if (!inactive) return;
    active_ = false;
    bound_ = false;
}

bool PartitionLog::is_settled() const {
    const LogSegment& last = *segments_.rbegin()->second;
    return unframed_.empty() && last.base() == fill_base_ && last.is_trimmed() &&
           !last.index().has_unwritten(last.filled()) && !epochs_unwritten_;
}

Result<void> PartitionLog::replay(Offset segment_base, std::uint64_t position, ByteView bytes) {
    if (segment_base < replay_begin_) note_deleted(bytes);
    if (segment_base < replay_begin_) return {};
    if (piece_.empty() && segment_base != active().base()) {
        const bool fits = position == 0 && segment_base == log_end_;
        if (!fits) return Errc::kDamaged;
        roll(segment_base);
    }
    if (segment_base != active().base() || position != active().size() + piece_.size()) {
        return Errc::kDamaged;
    }
    append_bytes(piece_, bytes);
    ByteView rest = piece_;
    while (!rest.empty()) {
        const auto batch = parse_batch(rest);
        if (!batch && batch.error() == make_error_code(Errc::kEndOfStream)) break;
        if (!batch || batch->base_offset() != log_end_) return Errc::kDamaged;
        accept(rest.first(batch->size_in_bytes()), BatchMeta(*batch));
        rest = rest.subspan(batch->size_in_bytes());
    }
    piece_ = Bytes(rest.begin(), rest.end());
    durable_ = durable_end_at_ = {active().base(), active().size()};
    durable_end_ = log_end_;
    framed_ = {durable_, log_end_, durable_};
    return {};
}

Result<void> PartitionLog::replay_rest(Offset segment_base, std::uint64_t position,
                                       ByteView bytes) {
    const LogSegment& last = active();
    if (segment_base < first_base()) note_deleted(bytes);
    if (segment_base < last.base()) return {};
    const bool overlaps = segment_base == last.base() && position < last.size();
    const std::size_t there =
        overlaps ? std::min<std::uint64_t>(last.size() - position, bytes.size()) : 0;
    if (there == bytes.size()) return {};
    return replay(segment_base, position + there, bytes.subspan(there));
}

Task<Result<void>> PartitionLog::close() {
    closing_ = true;
    removal_waiters_.fail_all(Errc::kStopping);
    co_await gate_.close();
    Result<void> outcome;
    for (auto& [base, segment] : segments_) {
        const auto closed = co_await segment->close();
        if (outcome) outcome = closed;
    }
    if (failed_ && failure_ == Errc::kStorageFailed) co_return failure_;
    co_return outcome;
}

}  // namespace millrace
