// One segment of a partition's log: the newest bytes in memory, the rest in the file of batches,
// and its two indexes. All of it in Kafka's bytes.
//
// append() puts batches into the tail and into the indexes in memory; fill() moves them into the
// file. The caller fills only what a durable frame of the journal holds.
#pragma once

#include "core/runtime/file.hpp"
#include "core/runtime/gate.hpp"
#include "core/storage/segment_file.hpp"
#include "core/storage/segment_index.hpp"
#include "core/storage/tail.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace {

struct SegmentConfig {
    SegmentEngine engine = SegmentEngine::kDirectIo;
    std::uint64_t bytes_max = 1 << 30;
    std::int32_t index_interval_bytes = 4096;
    std::int64_t jitter_ms = 0;
    std::shared_ptr<ChunkCache> cache;
    /// Behind the names of its files: of a segment that hasn't taken its place yet.
    std::string_view name_end{};
};

/// Owned by its PartitionLog, on that log's shard. Must be closed before it goes.
class LogSegment {
public:
    /// How the bytes of an existing segment are taken.
    enum class Trust {
        kAll,     // a clean stop: the indexes are believed, what lies behind them is walked
        kNothing  // every batch is checked, the file is cut at the first bad one
    };

    LogSegment(World& world, std::string folder, Offset base, SegmentConfig config);

    /// Existing files. kCorruptBatch when they are trusted and do not end with a whole batch.
    static Task<Result<std::unique_ptr<LogSegment>>> open(World& world, std::string folder,
                                                          Offset base, SegmentConfig config,
                                                          Trust trust);
    /// Existing files of which the journal says that they end at `size`; what is longer is cut.
    static Task<Result<std::unique_ptr<LogSegment>>> open_cut(World& world, std::string folder,
                                                              Offset base, SegmentConfig config,
                                                              std::uint64_t size);

    Offset base() const { return base_; }
    /// The offset behind the last batch.
    Offset next_offset() const { return next_offset_; }
    std::uint64_t size() const { return tail_.end(); }
    /// Everything before it is in the file, though maybe not on stable storage.
    std::uint64_t filled() const { return filled_; }
    /// Everything from here on is in memory.
    std::uint64_t memory_begin() const { return tail_.memory_begin(); }
    std::int64_t created_ms() const { return created_ms_; }
    /// Its largest timestamp; without any, when its file was written last.
    TimestampMs newest_ms() const {
        return index_.max_timestamp() >= 0 ? index_.max_timestamp() : modified_ms_;
    }
    /// What it says of its age when no record tells it.
    std::int64_t modified_ms() const { return modified_ms_; }
    void set_modified_ms(std::int64_t time) { modified_ms_ = time; }
    /// So much earlier than its topic's segment.ms says it is too old.
    std::int64_t jitter_ms() const { return jitter_ms_; }
    bool has_files() const { return file_.is_open(); }
    bool was_cut() const { return was_cut_; }
    /// Nothing in memory only, and the file ends with its data.
    bool is_trimmed() const { return filled_ == size() && !file_.is_longer(); }
    bool is_unsynced() const { return file_.is_unsynced(); }
    const SegmentIndex& index() const { return index_; }
    /// Where epochs begin, of the batches that open() has walked.
    const std::vector<BatchMeta>& epoch_starts() const { return epoch_starts_; }
    /// Of a segment that was opened and will be appended to: its age goes by its first batch.
    Task<Result<void>> look_at_first_batch();

    /// Batches that lie one behind the other, in offset order, the first at size().
    void append(ByteView batch, const BatchMeta& meta);
    /// Copies what is in memory at `position`. REQUIRES: filled() <= position.
    std::size_t copy_from_tail(std::uint64_t position, MutableBytes into) const {
        return tail_.copy(position, into);
    }
    /// Moves bytes before `to` into the file; with `whole_blocks`, only as many as fill blocks.
    /// Makes the files when there are none (has_files()); the caller syncs the folder then. With
    /// `ahead`, the file may grow for more than that.
    Task<Result<void>> fill(std::uint64_t to, bool whole_blocks, bool ahead);
    /// What the files still have to grow by, in whole blocks, until they hold everything.
    std::uint64_t growth_wanted() const;
    /// The most that a batch of `bytes` can add to that, in an old segment or a new one.
    static std::uint64_t growth_max(std::size_t bytes);
    /// REQUIRES: filled() == size(). The file ends with its data, one block of memory at most
    /// stays.
    Task<Result<void>> trim();
    /// Index entries for what is filled go into their files; with `sync`, onto stable storage.
    Task<Result<void>> write_indexes(bool sync);
    /// No more appends: trims, completes the indexes, lets go of the memory.
    Task<Result<void>> seal();
    Task<Result<void>> sync() { return file_.sync(); }
    void mark_synced() { file_.mark_synced(true); }
    void mark_unsynced() { file_.mark_synced(false); }
    /// Waits for those that are inside.
    Task<Result<void>> close();
    /// For whoever waits while it uses the segment: so long it isn't closed. REQUIRES: its log is
    /// not closed.
    Gate::Pass enter() { return gate_.enter(); }

    /// Fills `into` with what the file has at `position`, both in whole blocks; returns how much
    /// there is. For whoever walks through a sealed segment, beside its readers.
    Task<Result<std::size_t>> read_file(std::uint64_t position, MutableBytes into) {
        return file_.read_blocks(position, into);
    }
    /// What lies at `position`, at most `size` bytes of it, from memory or the file.
    Task<Result<Window>> read(std::uint64_t position, std::size_t size);
    /// Where the whole batches below `end` stop that lie from `position`, a batch's, on, at most
    /// `bytes_max` of them. REQUIRES: memory_begin() <= position.
    std::uint64_t batches_end(std::uint64_t position, std::size_t bytes_max, Offset end) const;
    /// Where the batch begins that holds `offset`, or, if memory doesn't have it, one before it
    /// that the index names.
    std::uint64_t position_near(Offset offset) const;
    /// What lies between two positions in memory, not copied.
    Parts share(std::uint64_t from, std::uint64_t to) const;
    /// The file's range between two positions. REQUIRES: is_sealed().
    Parts range(std::uint64_t from, std::uint64_t to, SendMethod method) const;
    bool is_sealed() const { return file_.is_sealed(); }

private:
    Task<Result<void>> load(Trust trust, std::optional<std::uint64_t> cut_to);
    Task<Result<void>> load_indexes(std::uint64_t size);
    Task<Result<void>> walk(std::uint64_t position, std::uint64_t file_size, bool verify);
    Task<Result<void>> finish_load(std::uint64_t file_size, Trust trust, bool cut);
    Task<Result<void>> write_index(std::string_view suffix, SegmentIndex::Addition addition,
                                   bool sync);
    Task<Result<void>> empty_indexes();
    std::string path(std::string_view suffix) const;
    void note(const BatchMeta& meta, std::uint64_t position);

    World& world_;
    const std::string folder_;
    const Offset base_;
    const std::string_view name_end_;
    SegmentFile file_;
    SegmentIndex index_;
    std::shared_ptr<ChunkCache> cache_;
    Tail tail_;
    Offset next_offset_;
    std::uint64_t filled_{};
    std::int64_t created_ms_;
    std::int64_t modified_ms_;
    const std::int64_t jitter_ms_;
    bool was_cut_{};
    std::vector<BatchMeta> epoch_starts_;
    Gate gate_;
};

/// `base` in 20 digits and `suffix`.
std::string segment_file_name(Offset base, std::string_view suffix);

}  // namespace millrace
