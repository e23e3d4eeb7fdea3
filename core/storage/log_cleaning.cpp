#include "core/storage/log_cleaning.hpp"

#include "core/runtime/timer.hpp"
#include "core/storage/segment_groups.hpp"
#include "core/storage/segment_walk.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kPieceBytesMin = 64 << 10;
constexpr std::size_t kPieceBytesMax = 4 << 20;

OffsetMap::Limits limits_of(const CleanerConfig& config) {
    return {static_cast<std::size_t>(std::max<std::int64_t>(config.dedupe_bytes, 0)),
            config.load_factor};
}

SegmentSizes sizes_of(const LogSegment& segment) {
    return {segment.base(), segment.size(), segment.index().offset_bytes(),
            segment.index().timestamp_bytes()};
}

}  // namespace

LogCleaning::LogCleaning(CleaningTools& tools, PartitionLog& log, const CleaningRange& range)
    : tools_(tools),
      world_(tools.world),
      log_(log),
      range_(range),
      topic_(log.config()),
      map_(tools.secret, static_cast<std::uint64_t>(range.end - range.first_dirty),
           limits_of(tools.config)),
      filter_({map_, world_.wall_clock_ms(), topic_.delete_retention_ms}, tools.decompressor),
      reader_(tools.decompressor) {}

Task<Result<void>> LogCleaning::run() {
    const auto looked = co_await look_for_transactions();
    if (!looked || has_aborted_) co_return looked;
    const auto built = co_await build_map();
    if (!built || is_blocked()) co_return built;
    const Offset end = map_.last() + 1;
    std::vector<SegmentSizes> segments;
    for (const LogSegment* const segment : log_.segments_before(end)) {
        segments.push_back(sizes_of(*segment));
    }
    const GroupLimits limits{static_cast<std::uint64_t>(topic_.segment_bytes),
                             static_cast<std::uint64_t>(topic_.segment_index_bytes), range_.end};
    std::size_t next = 0;
    for (const std::size_t count : group_segments(segments, limits)) {
        std::vector<Offset> bases;
        for (std::size_t i = 0; i < count; ++i) bases.push_back(segments[next++].base);
        const auto cleaned = co_await clean_group(std::move(bases));
        if (!cleaned) co_return cleaned;
    }
    log_.set_cleaned_to(end);
    world_.metrics().cleanings.add();
    world_.metrics().records_cleaned.add(filter_.records_dropped());
    co_return Result<void>();
}

/// A Java broker may have left some, and their records don't count.
Task<Result<void>> LogCleaning::look_for_transactions() {
    const auto entries = co_await list_folder(world_, log_.folder());
    if (!entries) co_return entries.error();
    has_aborted_ = std::ranges::any_of(
        *entries, [](const FolderEntry& each) { return each.name.ends_with(".txnindex"); });
    co_return Result<void>();
}

Task<Result<void>> LogCleaning::build_map() {
    std::vector<Offset> bases;
    for (const LogSegment* const segment : log_.segments_before(range_.end)) {
        bases.push_back(segment->base());
    }
    for (std::size_t i = 0; i < bases.size() && !map_ended_; ++i) {
        const Offset next = i + 1 < bases.size() ? bases[i + 1] : range_.end;
        if (next <= range_.first_dirty) continue;
        LogSegment* const segment = log_.find_segment(bases[i]);
        if (!log_.is_open() || segment == nullptr) co_return Errc::kCancelled;
        const Gate::Pass pass = segment->enter();
        const auto mapped = co_await map_segment(*segment);
        if (!mapped) co_return mapped;
        if (!map_ended_) map_.cover(next + -1);
    }
    co_return Result<void>();
}

Task<Result<void>> LogCleaning::map_segment(LogSegment& segment) {
    SegmentWalk walk(segment, segment.index().position_before(range_.first_dirty), piece_bytes());
    while (!map_ended_) {
        const auto piece = co_await walk.next();
        if (!piece) co_return piece.error();
        if (piece->empty()) break;
        std::uint64_t done = 0;
        for (ByteView rest = *piece; !rest.empty() && !map_ended_;) {
            const RecordBatchView batch(rest);
            const auto mapped = map_batch(batch);
            if (!mapped) co_return mapped.error();
            map_ended_ = *mapped == MapStep::kEnd;
            rest = rest.subspan(batch.size_in_bytes());
            done += batch.size_in_bytes();
            if (batch.codec() == Codec::kNone && !rest.empty()) continue;
            const auto paused = co_await pause(std::exchange(done, 0));
            if (!paused) co_return paused;
        }
    }
    co_return Result<void>();
}

Result<LogCleaning::MapStep> LogCleaning::map_batch(const RecordBatchView& batch) {
    // Whether a transaction's records count is known where there are transactions.
    if (batch.last_offset() < range_.first_dirty) return MapStep::kNext;
    if (batch.is_control() || batch.is_transactional()) return MapStep::kEnd;
    bool is_full = false;
    const auto read = reader_.read(batch, [&](const RecordView& record) {
        const Offset offset = batch.base_offset() + record.offset_delta;
        if (!record.key || offset < range_.first_dirty) return true;
        is_full = map_.is_full();
        if (!is_full) map_.put(*record.key, offset);
        return !is_full;
    });
    if (!read) return read.error();
    if (is_full) return MapStep::kEnd;
    map_.cover(batch.last_offset());
    return MapStep::kNext;
}

Task<Result<void>> LogCleaning::clean_group(std::vector<Offset> bases) {
    CleanedSegment into(world_, log_.folder(), bases.front(), topic_.index_interval_bytes);
    auto outcome = co_await into.open();
    if (outcome) outcome = co_await write_group(into, bases);
    if (outcome) outcome = co_await into.finish();
    if (outcome) outcome = co_await log_.exchange(bases);
    // The names of a log that has failed may tell the next start how far it came.
    if (!outcome && !log_.failed()) co_await into.abandon();
    if (!outcome && log_.failed()) co_await into.close();
    if (!outcome) co_return outcome;
    world_.metrics().segments_cleaned.add(bases.size());
    world_.metrics().bytes_cleaned_written.add(into.size());
    co_return outcome;
}

Task<Result<void>> LogCleaning::write_group(CleanedSegment& into,
                                            const std::vector<Offset>& bases) {
    for (const Offset base : bases) {
        LogSegment* const segment = log_.find_segment(base);
        if (!log_.is_open() || segment == nullptr) co_return Errc::kCancelled;
        const Gate::Pass pass = segment->enter();
        const auto filtered = co_await filter_segment(into, *segment);
        if (!filtered) co_return filtered;
    }
    co_return Result<void>();
}

Task<Result<void>> LogCleaning::filter_segment(CleanedSegment& into, LogSegment& segment) {
    SegmentWalk walk(segment, 0, piece_bytes());
    for (;;) {
        const auto piece = co_await walk.next();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return Result<void>();
        std::uint64_t done = 0;
        for (ByteView rest = *piece; !rest.empty();) {
            const RecordBatchView batch(rest);
            const std::size_t size = batch.size_in_bytes();
            const bool is_plain = batch.codec() == Codec::kNone;
            const auto stays = filter_.filter(rest.first(size), keeps_empty(batch));
            if (!stays) co_return stays.error();
            const auto appended = co_await into.append(*stays);
            if (!appended) co_return appended;
            world_.metrics().bytes_cleaned_read.add(size);
            rest = rest.subspan(size);
            done += size + stays->size();
            if (is_plain && !rest.empty()) continue;
            const auto paused = co_await pause(std::exchange(done, 0));
            if (!paused) co_return paused;
        }
    }
}

/// By the header alone a producer goes on behind its last batch, and the next cleaning knows where
/// this one ended.
bool LogCleaning::keeps_empty(const RecordBatchView& batch) const {
    if (batch.last_offset() + 1 == range_.end) return true;
    if (batch.producer_id() < 0) return false;
    const auto& producers = log_.producers().producers();
    const auto known = producers.find(batch.producer_id());
    return known != producers.end() && !known->second.batches().empty() &&
           known->second.batches().back().last_offset == batch.last_offset();
}

/// Lets others have their turn, and time pass as the throttle wants it.
Task<Result<void>> LogCleaning::pause(std::uint64_t bytes) {
    tools_.throttle.note(bytes);
    Duration wait = tools_.throttle.pause(tools_.config.bytes_per_second);
    do {
        co_await sleep_for(world_, wait);
        if (tools_.stopping || !log_.is_open()) co_return Errc::kStopping;
        wait = tools_.throttle.pause(tools_.config.bytes_per_second);
    } while (wait > Duration::zero());
    co_return Result<void>();
}

std::size_t LogCleaning::piece_bytes() const {
    const auto half =
        static_cast<std::size_t>(std::max<std::int64_t>(tools_.config.buffer_bytes / 2, 0));
    return std::clamp(half, kPieceBytesMin, kPieceBytesMax);
}

}  // namespace millrace
