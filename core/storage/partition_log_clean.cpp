// A PartitionLog under its cleaner: what may be cleaned, and the exchange of segments for the one
// that was written anew from them.
//
// Only sealed segments are exchanged that nothing in the journal names: no frame since the last
// checkpoint, and no line of its list. So a replay never looks for what a cleaner has taken out.
#include "core/storage/cleaned_segment.hpp"
#include "core/storage/partition_log.hpp"

#include <algorithm>
#include <array>

namespace millrace {
namespace {

// The batches come last: as long as their file isn't renamed, nothing is.
constexpr std::array<const char*, 3> kSuffixes{".index", ".timeindex", ".log"};

}  // namespace

/// As Kafka: what a checkpoint file says counts only where the log is.
Offset PartitionLog::first_dirty() const {
    const Offset cleaned = cleaned_to_.value_or(beginning_.shown());
    return cleaned < beginning_.shown() || cleaned > log_end_ ? beginning_.shown() : cleaned;
}

/// The first dirty segment that has a record younger than min.compaction.lag.ms.
Offset PartitionLog::first_too_young(TimestampMs now) const {
    const auto active = std::prev(segments_.end());
    for (auto at = std::prev(segments_.upper_bound(first_dirty())); at != active; ++at) {
        if (at->second->newest_ms() > now - topic_.min_compaction_lag_ms) return at->first;
    }
    return active->first;
}

bool PartitionLog::is_overdue(TimestampMs now) const {
    const auto active = std::prev(segments_.end());
    for (auto at = std::prev(segments_.upper_bound(first_dirty())); at != active; ++at) {
        const TimestampMs first = at->second->index().first_timestamp();
        if (first > 0 && first < now - topic_.max_compaction_lag_ms) return true;
    }
    return false;
}

Task<Result<void>> PartitionLog::look_at_ages() {
    if (topic_.max_compaction_lag_ms == TopicConfig::kUnlimited) co_return Result<void>();
    Offset next = first_dirty();
    while (is_open()) {
        const auto at = std::prev(segments_.upper_bound(next));
        if (std::next(at) == segments_.end()) break;
        LogSegment& segment = *at->second;
        next = std::next(at)->first;
        if (segment.index().first_timestamp() != kNoTimestamp) continue;
        const Gate::Pass pass = segment.enter();
        const auto looked = co_await segment.look_at_first_batch();
        if (!looked) co_return looked;
    }
    co_return Result<void>();
}

CleaningRange PartitionLog::cleaning_range(TimestampMs now, CleaningBound bound) const {
    CleaningRange range;
    range.first_dirty = first_dirty();
    Offset end = std::min(durable_end_, segments_.rbegin()->first);
    if (bound == CleaningBound::kCovered) {
        end = std::min({end, covered_base_, fill_base_, durable_end_at_.base});
    }
    if (topic_.min_compaction_lag_ms > 0) end = std::min(end, first_too_young(now));
    end = std::max(end, range.first_dirty);
    range.end = std::prev(segments_.upper_bound(end))->first;
    const Offset begin =
        std::prev(segments_.upper_bound(std::min(range.first_dirty, range.end)))->first;
    for (const auto& [base, segment] : segments_) {
        if (base < range.first_dirty) range.clean_bytes += segment->size();
        if (base >= begin && base < range.end) range.dirty_bytes += segment->size();
    }
    range.is_overdue = is_overdue(now);
    return range;
}

std::vector<LogSegment*> PartitionLog::segments_before(Offset end) const {
    std::vector<LogSegment*> found;
    const Offset begin = start_at(std::max(beginning_.shown(), beginning_.wanted())).segment_base;
    for (auto at = segments_.find(begin); at != segments_.end() && at->first < end; ++at) {
        found.push_back(at->second.get());
    }
    return found;
}

LogSegment* PartitionLog::find_segment(Offset base) const {
    const auto found = segments_.find(base);
    return found == segments_.end() ? nullptr : found->second.get();
}

/// All are there, one behind the other, and no entry of the journal says that the log begins in one
/// that will be none any more: a replay would take what lies before that for deleted.
bool PartitionLog::may_exchange(const std::vector<Offset>& bases) const {
    if (!is_open() || exchanging_) return false;
    auto at = segments_.find(bases.front());
    for (const Offset base : bases) {
        if (at == segments_.end() || at->first != base) return false;
        ++at;
    }
    const auto is_inside = [&bases](const LogStart& start) {
        return bases.front() < start.segment_base && start.segment_base <= bases.back();
    };
    return !is_inside(beginning_.framed()) && !is_inside(beginning_.durable());
}

Task<Result<void>> PartitionLog::exchange(std::vector<Offset> bases) {
    SegmentConfig config = segment_config();
    config.name_end = kCleanedSuffix;
    auto cleaned =
        co_await LogSegment::open(world_, folder_, bases.front(), config, LogSegment::Trust::kAll);
    if (!cleaned) co_return cleaned.error();
    const auto sealed = co_await (*cleaned)->seal();
    if (!sealed || !may_exchange(bases)) {
        (void)co_await (*cleaned)->close();
        co_return sealed ? make_error_code(Errc::kCancelled) : sealed.error();
    }
    exchanging_ = true;
    // Before the names change: who asks where the log begins hears of the new segment from now on.
    (*cleaned)->set_modified_ms(segments_.at(bases.back())->modified_ms());
    std::vector<std::unique_ptr<LogSegment>> old;
    for (const Offset base : bases) {
        old.push_back(std::move(segments_.extract(base).mapped()));
    }
    segments_.emplace(bases.front(), std::move(*cleaned));
    ++exchanges_;
    const auto renamed = co_await rename_exchanged(bases);
    exchanging_ = false;
    if (gate_.closed()) {
        co_await remove_later(std::move(old));
    } else {
        gate_.spawn(remove_later(std::move(old)));
    }
    if (!renamed && shared_.failed) shared_.failed(renamed.error());
    co_return renamed;
}

/// Until the first sync a crash leaves the old ones, from there on the new one: finish_exchanges()
/// goes on with it. A name that is gone is on stable storage before the next one changes its
/// meaning.
Task<Result<void>> PartitionLog::rename_exchanged(std::vector<Offset> bases) {
    const std::string base_path = folder_ + "/" + segment_file_name(bases.front(), "");
    const std::string cleaned(kCleanedSuffix);
    const std::string swap(kSwapSuffix);
    Result<void> outcome;
    for (const char* const suffix : kSuffixes) {
        const std::string from = base_path + suffix + cleaned;
        const std::string to = base_path + suffix + swap;
        if (outcome) outcome = co_await rename_file(world_, from, to);
    }
    if (outcome) outcome = co_await sync_folder(world_, folder_);
    for (const Offset base : bases) {
        if (outcome) outcome = co_await rename_segment_files(base);
    }
    if (outcome) outcome = co_await sync_folder(world_, folder_);
    for (const char* const suffix : kSuffixes) {
        const std::string to = base_path + suffix;
        const std::string from = to + swap;
        if (outcome) outcome = co_await rename_file(world_, from, to);
    }
    if (outcome) outcome = co_await sync_folder(world_, folder_);
    co_return outcome;
}

}  // namespace millrace
