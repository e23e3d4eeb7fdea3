// The producers' half of PartitionLog: what is known of them is loaded with the log, and becomes
// snapshots with its checkpoints.
#include "core/storage/ballast.hpp"
#include "core/storage/partition_log.hpp"
#include "core/storage/producer_snapshot.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::uint64_t kWalkBytes = 1 << 20;

/// Notes the whole batches from `from` on; returns where the first begins that isn't whole.
std::size_t note_batches(LogProducers& producers, ByteView bytes, Offset from) {
    std::size_t at = 0;
    while (const auto batch = parse_batch(bytes.subspan(at))) {
        if (batch->base_offset() >= from) producers.note(*batch);
        at += batch->size_in_bytes();
    }
    return at;
}

/// The newest of `snapshots` at or below `end`, written once more. A sync that failed, or never
/// came because its process died, leaves what a later one reads but doesn't write: the kernel takes
/// it for written.
Task<Result<void>> write_again(World& world, std::string folder, std::vector<Offset> snapshots,
                               Offset end) {
    std::erase_if(snapshots, [end](Offset each) { return each > end; });
    const auto newest = std::max_element(snapshots.begin(), snapshots.end());
    if (newest == snapshots.end()) co_return Result<void>();
    const std::string path = folder + "/" + segment_file_name(*newest, ".snapshot");
    const auto content = co_await read_small_file(world, path, kSnapshotBytesMax);
    if (!content) co_return content.error();
    co_return co_await replace_file(world, path, *content);
}

}  // namespace

Task<Result<void>> PartitionLog::load_producers(Past past, std::vector<Offset> snapshots) {
    // Segments that told as much as the snapshot are gone.
    if (past.first_segment) {
        auto written = co_await write_again(world_, folder_, snapshots, log_end_);
        if (!written && is_full(written.error()) && shared_.make_room) {
            co_await shared_.make_room();
            written = co_await write_again(world_, folder_, snapshots, log_end_);
        }
        if (!written) co_return written;
    }
    const Offset first = first_base();
    const auto from = co_await producers_.load(std::move(snapshots), first, log_end_, past.clean);
    if (!from) co_return from.error();
    if (*from < log_end_) {
        for (auto at = std::prev(segments_.upper_bound(*from)); at != segments_.end(); ++at) {
            const auto noted = co_await note_producers(*at->second, *from);
            if (!noted) co_return noted;
        }
    }
    if (!past.clean) take_snapshot();
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::note_producers(LogSegment& segment, Offset from) {
    std::uint64_t position = segment.index().position_before(from);
    std::uint64_t wanted = kWalkBytes;
    while (position < segment.size()) {
        const std::size_t size = std::min(segment.size() - position, wanted);
        const auto window = co_await segment.read(position, size);
        if (!window) co_return window.error();
        const std::size_t noted = note_batches(producers_, window->bytes, from);
        if (noted == 0 && size < wanted) co_return Errc::kCorruptBatch;
        wanted = noted > 0 ? kWalkBytes : wanted * 2;
        position += noted;
    }
    co_return Result<void>();
}

/// Batches that a replay wants no more, in the order of the log: who wrote them goes on behind
/// them. Of one that comes in pieces the first has the header.
void PartitionLog::note_deleted(ByteView bytes) {
    while (!bytes.empty()) {
        if (deleted_rest_ == 0) {
            if (bytes.size() < kBatchHeaderBytes) return;
            const RecordBatchView batch(bytes);
            deleted_rest_ = batch.size_in_bytes();
            const bool whole = deleted_rest_ <= bytes.size();
            const bool is_known = producers_.covers(batch);
            if (!is_known && (whole || !batch.is_control())) producers_.note(batch);
        }
        const std::size_t count = std::min(deleted_rest_, bytes.size());
        deleted_rest_ -= count;
        bytes = bytes.subspan(count);
    }
}

void PartitionLog::prepare_snapshot() {
    producers_.expire(config_.producer_expiry_ms,
                      std::chrono::milliseconds(config_.producer_expiry_check_ms));
    if (active_) take_snapshot();
}

Task<Result<void>> PartitionLog::write_snapshots(Offset covered) {
    auto written = co_await producers_.write(covered);
    if (!written && is_full(written.error()) && shared_.make_room) {
        co_await shared_.make_room();
        written = co_await producers_.write(covered);
    }
    if (producers_.has_unsynced()) folder_unsynced_ = true;
    co_return written;
}

Task<Result<void>> PartitionLog::remove_stale_snapshots() {
    std::set<Offset> bases;
    for (const auto& [base, segment] : segments_) bases.insert(base);
    co_return co_await producers_.remove_stale(synced_end_, std::move(bases));
}

}  // namespace millrace
