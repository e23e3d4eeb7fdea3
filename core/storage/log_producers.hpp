// A log's producers and the snapshots of them in its folder.
//
// Who is known in memory is ahead of the disk, as the log's end is. A picture of the state is taken
// in memory at an offset, and becomes a file once a checkpoint covers that offset: so a file says
// nothing that the segments and the journal before the checkpoint don't hold. What holds whenever a
// checkpoint counts: a log below whose end producers have written has a snapshot at or below that
// end. A log without any was never written to by one.
#pragma once

#include "core/observe/logger.hpp"
#include "core/runtime/file.hpp"
#include "core/storage/producer_state.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millrace {

/// The offset that a folder's entry is the snapshot of; nothing when it is no snapshot.
std::optional<Offset> snapshot_offset(const FolderEntry& entry);

/// Owned by its log, on that log's shard.
class LogProducers {
public:
    LogProducers(World& world, Logger& logger, std::string folder)
        : world_(world), logger_(logger), folder_(std::move(folder)) {}

    const ProducerState& state() const { return state_; }

    /// As ProducerState::check(); null for a batch without a producer.
    Result<const ProducerBatch*> check(const RecordBatchView& batch) const {
        return batch.producer_id() < 0 ? Result<const ProducerBatch*>(nullptr)
                                       : state_.check(batch);
    }
    /// The batch is the log's newest. REQUIRES: it lies whole in its bytes.
    void note(const RecordBatchView& batch) {
        if (batch.producer_id() >= 0) note_producer(batch);
    }
    /// The newest snapshot in the folder tells of all batches below it.
    Offset snapshot_end() const { return files_.empty() ? Offset{0} : *files_.rbegin(); }
    /// Whether that, or what its producer wrote later, tells of the batch already.
    bool covers(const RecordBatchView& batch) const;
    /// Those that `age_ms` were silent are forgotten, once in `interval`, and not before one has
    /// passed: a producer whose records are old may still be about to repeat what a crash has left
    /// unanswered.
    void expire(std::int64_t age_ms, Duration interval);

    /// A picture of the state at `end`, the log's: for a segment that begins there, or for the next
    /// checkpoint that covers it. Nothing for a log that never had producers.
    enum class Reason { kRoll, kCheckpoint };
    void take(Offset end, Reason reason);
    /// The pictures at or below `covered` become files, of those for checkpoints the last one. They
    /// are on stable storage when take_unsynced() and the folder are synced.
    Task<Result<void>> write(Offset covered);
    bool has_unsynced() const { return !unsynced_.empty(); }
    std::vector<std::string> take_unsynced() { return std::exchange(unsynced_, {}); }
    /// A checkpoint that covers `covered` counts: snapshots before the last one at or below it are
    /// removed, unless a segment begins there.
    Task<Result<void>> remove_stale(Offset covered, std::set<Offset> bases);

    /// What the snapshots at `found` tell of a log that ends at `end`; those beyond it, and damaged
    /// ones, are removed. Returns from where on batches have to be noted: `first` when none can be
    /// read. A log that has none at or below its end and is `whole` never had producers.
    Task<Result<Offset>> load(std::vector<Offset> found, Offset first, Offset end, bool whole);

private:
    struct Picture {
        Offset offset;
        Reason reason;
        Bytes bytes;
    };

    void note_producer(const RecordBatchView& batch);
    std::string path(Offset offset) const;
    Task<Result<void>> write_file(const Picture& picture);
    Task<Result<void>> remove(Offset offset);

    World& world_;
    Logger& logger_;
    const std::string folder_;
    ProducerState state_;
    bool known_any_{};  // now or before
    std::optional<Time> next_expiry_;
    std::vector<Picture> pictures_;  // in rising order
    std::set<Offset> files_;
    std::vector<std::string> unsynced_;
};

}  // namespace millrace
