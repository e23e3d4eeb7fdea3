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

/// The front of `bytes` that holds whole batches below `end`, at most `bytes_max` of them.
ByteView whole_batches(ByteView bytes, std::size_t bytes_max, Offset end) {
    std::size_t at = 0;
    while (at + kBatchHeaderBytes <= bytes.size()) {
        const RecordBatchView batch(bytes.subspan(at));
        const std::size_t next = at + batch.size_in_bytes();
        if (batch.base_offset() >= end || next > bytes.size() || next > bytes_max) break;
        at = next;
    }
    return bytes.first(at);
}

Task<Result<ReadResult>> read_batches(LogSegment& segment, Place place, std::size_t bytes_max,
                                      Offset end) {
    const std::size_t size = std::min<std::uint64_t>(segment.size() - place.position, bytes_max);
    auto window = co_await segment.read(place.position, size);
    if (!window) co_return window.error();
    ReadResult result;
    result.batches = whole_batches(window->bytes, bytes_max, end);
    result.memory = std::move(window->memory);
    co_return result;
}

}  // namespace

Task<Result<ReadResult>> PartitionLog::read(Offset from, std::size_t bytes_max, bool at_least_one) {
    if (from < log_start_ || from > log_end_) co_return Errc::kOffsetOutOfRange;
    const Offset end = durable_end_;
    if (from >= end) co_return ReadResult();
    for (auto at = std::prev(segments_.upper_bound(from)); at != segments_.end(); ++at) {
        LogSegment& segment = *at->second;
        const auto holds_offset = [from](const RecordBatchView& batch) {
            return batch.last_offset() >= from;
        };
        const auto place =
            co_await find_batch(segment, segment.index().position_before(from), end, holds_offset);
        if (!place) co_return place.error();
        if (!*place) continue;
        if ((*place)->size > bytes_max && !at_least_one) co_return ReadResult();
        const Place found = **place;
        const std::size_t room = std::max(bytes_max, found.size);
        co_return co_await read_batches(segment, found, room, end);
    }
    co_return ReadResult();
}

Task<Result<std::optional<ReadResult>>> PartitionLog::find_batch_by_time(TimestampMs target) {
    const Offset end = durable_end_;
    for (auto& [base, segment] : segments_) {
        if (segment->index().max_timestamp() < target) continue;
        const auto reaches_target = [target, this](const RecordBatchView& batch) {
            return batch.max_timestamp() >= target && batch.last_offset() >= log_start_;
        };
        const auto place = co_await find_batch(
            *segment, segment->index().position_before_time(target), end, reaches_target);
        if (!place) co_return place.error();
        if (!*place) continue;
        const Place found = **place;
        auto batch = co_await read_batches(*segment, found, found.size, end);
        if (!batch) co_return batch.error();
        co_return std::move(*batch);
    }
    co_return std::optional<ReadResult>();
}

std::vector<std::pair<Offset, TimestampMs>> PartitionLog::segment_starts() const {
    std::vector<std::pair<Offset, TimestampMs>> starts;
    for (const auto& [base, segment] : segments_) {
        starts.emplace_back(std::max(base, log_start_), segment->index().max_timestamp());
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
