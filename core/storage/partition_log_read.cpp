// The reading half of PartitionLog: from an offset or a timestamp to bytes of a segment.
#include "core/storage/partition_log.hpp"

#include <algorithm>

namespace millrace {
namespace {

// Read beyond what was asked for, to step over the batches between an index entry and the offset.
constexpr std::size_t kReadSlackBytes = 8 << 10;

/// Where in a segment a wanted batch begins, and its size.
struct Place {
    std::uint64_t position;
    std::size_t size;
};

/// Walks batch headers from `position` until `wanted(batch)`; nothing when no batch below `end` is.
template <class Wanted>
Task<Result<std::optional<Place>>> find_batch(LogSegment& segment, std::uint64_t position,
                                              Offset end, Wanted wanted) {
    while (position + kBatchHeaderBytes <= segment.size()) {
        const std::size_t size =
            std::min<std::uint64_t>(segment.size() - position, kReadSlackBytes);
        const auto window = co_await segment.read(position, size);
        if (!window) co_return window.error();
        const ByteView bytes = window->bytes;
        if (bytes.size() < kBatchHeaderBytes) co_return Errc::kEndOfStream;
        std::size_t at = 0;
        while (at + kBatchHeaderBytes <= bytes.size()) {
            const RecordBatchView batch(bytes.subspan(at));
            if (batch.base_offset() >= end) co_return std::optional<Place>();
            if (wanted(batch)) co_return Place{position + at, batch.size_in_bytes()};
            at += batch.size_in_bytes();
        }
        position += at;
    }
    co_return std::optional<Place>();
}

/// The same as LogSegment::batches_end(), of bytes in one piece.
std::size_t whole_batches(ByteView bytes, std::size_t bytes_max, Offset end) {
    std::size_t at = 0;
    while (at + kBatchHeaderBytes <= bytes.size()) {
        const RecordBatchView batch(bytes.subspan(at));
        const std::size_t next = at + batch.size_in_bytes();
        if (batch.base_offset() >= end || next > bytes.size() || next > bytes_max) break;
        at = next;
    }
    return at;
}

SendMethod method_of(DeliveryPath path) {
    switch (path) {
        case DeliveryPath::kMmap: return SendMethod::kMmap;
        case DeliveryPath::kSplice: return SendMethod::kSplice;
        default: return SendMethod::kSendfile;
    }
}

/// Where a range of a sealed file from `position` on may stop: at a batch that the index names,
/// before what memory has. No header is read for it. `position` when there is no such batch.
std::uint64_t range_end(const LogSegment& segment, std::uint64_t position, std::size_t bytes_max) {
    const std::uint64_t limit = position + bytes_max;
    const std::uint64_t memory = segment.memory_begin();
    if (memory >= segment.size() && limit >= segment.size()) return segment.size();
    return segment.index().last_position_in(position, std::min(limit, memory));
}

Task<Result<Parts>> read_into_memory(LogSegment& segment, std::uint64_t position,
                                     std::size_t bytes_max, Offset end) {
    const std::size_t size = std::min<std::uint64_t>(segment.size() - position, bytes_max);
    const auto window = co_await segment.read(position, size);
    if (!window) co_return window.error();
    const std::size_t count = whole_batches(window->bytes, bytes_max, end);
    Parts parts;
    if (count > 0) parts.push_back(Part::in_memory(window->bytes.first(count), window->memory));
    co_return parts;
}

}  // namespace

Task<Result<Parts>> PartitionLog::read(Offset from, std::size_t bytes_max, bool at_least_one,
                                       ReadInto into) {
    if (failed_) co_return failure_;
    if (from < beginning_.shown() || from > log_end_) co_return Errc::kOffsetOutOfRange;
    const Offset end = durable_end_;
    if (from >= end) co_return Parts();
    // By its base from one to the next: segments may go while one is read. Where they are exchanged
    // for others, these begin before.
    for (auto at = std::prev(segments_.upper_bound(from)); at != segments_.end();) {
        if (gate_.closed()) co_return failure_;
        const std::uint64_t exchanges = exchanges_;
        LogSegment& segment = *at->second;
        const Gate::Pass pass = segment.enter();
        const auto holds_offset = [from](const RecordBatchView& batch) {
            return batch.last_offset() >= from;
        };
        const auto place =
            co_await find_batch(segment, segment.index().position_before(from), end, holds_offset);
        if (!place) co_return place.error();
        const bool same = exchanges == exchanges_;
        at = same ? segments_.upper_bound(segment.base()) : std::prev(segments_.upper_bound(from));
        if (!*place) continue;
        if ((*place)->size > bytes_max && !at_least_one) co_return Parts();
        const std::uint64_t position = (*place)->position;
        const std::size_t room = std::max(bytes_max, (*place)->size);
        if (segment.memory_begin() <= position) {
            co_return segment.share(position, segment.batches_end(position, room, end));
        }
        const bool ranges = into == ReadInto::kAnything && segment.is_sealed() &&
                            config_.delivery != DeliveryPath::kMemory;
        const std::uint64_t stop = ranges ? range_end(segment, position, room) : position;
        if (stop > position) {
            co_return segment.range(position, stop, method_of(config_.delivery));
        }
        co_return co_await read_into_memory(segment, position, room, end);
    }
    co_return Parts();
}

Result<Available> PartitionLog::available(Offset from, std::optional<LogCursor>& place) const {
    if (failed_) return failure_;
    if (from < beginning_.shown() || from > log_end_) return Errc::kOffsetOutOfRange;
    if (from == durable_end_) place = durable_end_at_;
    if (from >= durable_end_) return Available{};
    if (!place) {
        const auto& [base, segment] = *std::prev(segments_.upper_bound(from));
        place = {base, segment->position_near(from)};
    }
    auto at = segments_.lower_bound(place->base);
    // What the place was in may have become shorter.
    std::uint64_t begin =
        at->first == place->base ? std::min(place->position, at->second->size()) : 0;
    std::uint64_t bytes = 0;
    for (; at->first < durable_end_at_.base; ++at) {
        bytes += at->second->size() - begin;
        begin = 0;
    }
    const bool older = place->base < durable_end_at_.base;
    return Available{bytes + durable_end_at_.position - begin, older};
}

Task<Result<std::optional<Window>>> PartitionLog::find_batch_by_time(TimestampMs target,
                                                                     Offset from) {
    if (failed_) co_return failure_;
    const Offset end = durable_end_;
    for (auto at = segments_.begin(); at != segments_.end();) {
        if (gate_.closed()) co_return failure_;
        const std::uint64_t exchanges = exchanges_;
        LogSegment& segment = *at->second;
        if (segment.index().max_timestamp() < target) {
            ++at;
            continue;
        }
        const Gate::Pass pass = segment.enter();
        const auto reaches_target = [target, from](const RecordBatchView& batch) {
            // What a cleaner has emptied keeps its time.
            return batch.max_timestamp() >= target && batch.last_offset() >= from &&
                   batch.record_count() > 0;
        };
        const auto place = co_await find_batch(
            segment, segment.index().position_before_time(target), end, reaches_target);
        if (!place) co_return place.error();
        at = exchanges == exchanges_ ? segments_.upper_bound(segment.base()) : segments_.begin();
        if (!*place) continue;
        const Place found = **place;
        const auto batch = co_await segment.read(found.position, found.size);
        if (!batch) co_return batch.error();
        co_return *batch;
    }
    co_return std::optional<Window>();
}

EpochEnd PartitionLog::end_of(LeaderEpoch asked, LeaderEpoch current) const {
    return end_of_epoch(epochs_, {current, start_of(current)}, asked, durable_end_);
}

LeaderEpoch PartitionLog::first_epoch(LeaderEpoch current) const {
    return millrace::first_epoch(epochs_, {current, start_of(current)}, beginning_.shown());
}

std::uint64_t PartitionLog::size() const {
    std::uint64_t bytes = 0;
    for (const auto& [base, segment] : segments_) bytes += segment->size();
    return bytes;
}

std::vector<std::pair<Offset, TimestampMs>> PartitionLog::segment_starts() const {
    std::vector<std::pair<Offset, TimestampMs>> starts;
    for (const auto& [base, segment] : segments_) {
        starts.emplace_back(std::max(base, beginning_.shown()), segment->index().max_timestamp());
    }
    return starts;
}

std::optional<FoundTimestamp> PartitionLog::largest_timestamp() const {
    const LogSegment* best = nullptr;
    for (const auto& [base, segment] : segments_) {
        if (segment->index().max_timestamp() == kNoTimestamp) continue;
        if (best == nullptr || segment->index().max_timestamp() > best->index().max_timestamp())
            best = segment.get();
    }
    if (best == nullptr) return std::nullopt;
    const Offset offset = best->index().max_timestamp_offset();
    const auto epoch = std::upper_bound(
        epochs_.begin(), epochs_.end(), offset,
        [](Offset wanted, const EpochStart& entry) { return wanted < entry.start; });
    const LeaderEpoch found = epoch == epochs_.begin() ? LeaderEpoch{-1} : std::prev(epoch)->epoch;
    return FoundTimestamp{best->index().max_timestamp(), offset, found};
}

}  // namespace millrace
