// A partition's log: batches in offset order, in segments, with an end that is accepted and an end
// that is durable.
//
// append() accepts a batch into the newest segment's tail and tells the journal, whose next frame
// takes it along with everybody else's; when that frame counts, durable_end() moves. Filling moves
// tails into segment files behind the journal, in large writes. Nobody is told of, or shown,
// anything above durable_end().
#pragma once

#include "core/runtime/gate.hpp"
#include "core/runtime/wait_list.hpp"
#include "core/storage/cleaning_range.hpp"
#include "core/storage/journal.hpp"
#include "core/storage/leader_epochs.hpp"
#include "core/storage/log_beginning.hpp"
#include "core/storage/log_producers.hpp"
#include "core/storage/log_segment.hpp"
#include "core/storage/log_shared.hpp"
#include "core/storage/text_checkpoint.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace millrace {

struct AppendInfo {
    Offset base_offset;
    Offset last_offset;
    /// Of a batch that was there already: its largest timestamp, as Kafka tells it.
    TimestampMs duplicate_of = kNoTimestamp;
};

/// How a read may answer.
enum class ReadInto {
    kAnything,  // parts in memory, or a range of a file
    kMemory,    // parts in memory: the caller looks at the batches
};

/// A segment that stays while its bytes are synced.
struct UnsyncedSegment {
    LogSegment* segment;
    Gate::Pass pass;
};

/// Behind the names of files that wait for their removal.
inline constexpr std::string_view kDeletedSuffix = ".deleted";

/// A position in the segment that begins with `base`.
struct LogCursor {
    Offset base;
    std::uint64_t position{};
};

/// What a reader has before it.
struct Available {
    std::uint64_t bytes{};
    bool in_older_segment{};  // some of it lies in another segment than the durable end
};

struct FoundTimestamp {
    TimestampMs timestamp;
    Offset offset;
    LeaderEpoch leader_epoch;
};

/// Somebody who waits for a log to move, on the log's shard, in a frame of his own. moved() doesn't
/// let watches go.
class LogWatch : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    explicit LogWatch(WaitList& list) : list_(list) {}
    void moved() { list_.wake_through(0); }

private:
    WaitList& list_;
};

/// What the partition.metadata of a partition's folder says; zero where there is none.
Task<Result<Uuid>> read_topic_id(World& world, std::string folder);

/// Lives on one shard; owned by its LogDirectory.
class PartitionLog final : public JournalMember {
public:
    /// How the last stop left the log.
    struct Past {
        bool clean = false;       // the files are whole
        Offset recovery_point{};  // otherwise: everything below it is
        Offset log_start{};
        std::optional<LogPosition> cut{};  // the journal's word on where the files end
        /// And on where they begin: segments before it are deleted, their names may have survived.
        std::optional<Offset> first_segment{};
        /// A segment that doesn't go on where the one before ends is none of the log's, above the
        /// recovery point.
        bool gapless = false;
        /// What a cleaner has done.
        std::optional<Offset> cleaned_to{};
    };

    /// Makes the folder with partition.metadata, an empty epoch file and the first segment, all on
    /// stable storage.
    static Task<Result<std::unique_ptr<PartitionLog>>> create(LogShared& shared, std::string parent,
                                                              TopicPartition name, LogId id,
                                                              Uuid topic_id);
    static Task<Result<std::unique_ptr<PartitionLog>>> open(LogShared& shared, std::string parent,
                                                            TopicPartition name, LogId id,
                                                            Past past);

    const TopicPartition& name() const { return name_; }
    LogId id() const { return id_; }
    const Uuid& topic_id() const { return topic_id_; }
    Offset log_start_offset() const { return beginning_.shown(); }
    Offset log_end_offset() const { return log_end_; }
    /// What consumers may see: everything below it can be acknowledged.
    Offset durable_end() const { return durable_end_; }
    /// Everything below is in synced segments: the recovery point.
    Offset synced_end() const { return synced_end_; }
    Offset first_base() const { return segments_.begin()->first; }
    /// Somebody has to tell a start where the log begins: it wouldn't find that by itself.
    bool has_start_to_tell() const { return beginning_.framed().start > names_synced_; }
    LogStart start_to_tell() const { return beginning_.framed(); }
    LeaderEpoch last_epoch() const;
    /// Where `epoch` begins, or would begin: the log's end while no batch of it is there. REQUIRES:
    /// no later epoch is there.
    Offset start_of(LeaderEpoch epoch) const;
    /// end_of_epoch() of this log under a leader of epoch `current`, whose end is durable_end().
    EpochEnd end_of(LeaderEpoch asked, LeaderEpoch current) const;
    /// first_epoch() of it.
    LeaderEpoch first_epoch(LeaderEpoch current) const;
    /// Bytes of all batches.
    std::uint64_t size() const;
    bool failed() const { return failed_; }
    /// What is answered once it has failed.
    Errc failure() const { return failure_; }
    /// What the topic's keys come to: what is appended and looked at from now on follows it. Before
    /// the first word of it nothing is too old or too much.
    const TopicConfig& config() const { return topic_; }
    void set_config(const TopicConfig& config) {
        topic_ = config;
        is_configured_ = true;
    }
    /// A reader from here has nothing to read: what read() would find out, for the many who wait.
    bool ends_at(Offset from) const { return !failed_ && from == durable_end_; }

    /// Waits until memory and account have room for a batch of `bytes`, and a little while the
    /// journal fills up. It is appended at once then. Errc::kStorageFailed when the log is out of
    /// service, ENOSPC when the disk is full.
    Task<Result<void>> wait_for_room(std::size_t bytes);
    /// It would return at once, and without an error.
    bool has_room(std::size_t bytes) const;
    /// Accepts one validated batch: assigns offset and epoch in `batch` itself and copies it into
    /// the tail. Success promises order, not durability; wait_durable() does that. A batch that its
    /// producer sends again is found where it lies. Errors: ProducerState::check()'s too.
    Result<AppendInfo> append(MutableBytes batch, LeaderEpoch epoch);
    /// Until everything below `end` is durable; Errc::kTimedOut at `deadline`, kStorageFailed after
    /// a failed write or sync.
    Task<Result<void>> wait_durable(Offset end, Time deadline);

    /// Everything below `to` is deleted for good: durable on success, and then in the answer of
    /// log_start_offset(). Nothing happens when the log begins there or further on. Errors:
    /// kOffsetOutOfRange above durable_end(), kStorageFailed.
    Task<Result<void>> advance_log_start(Offset to);
    /// The first half of it, so that the moves of many logs share a frame.
    Result<void> ask_log_start(Offset to);
    /// What the topic keeps no longer at the time `now` goes, by the log's start, by size and by
    /// time: whole segments, of what is durable. One at a time.
    Task<Result<void>> drop_old(TimestampMs now);

    /// With `os`: something is written and not flushed for flush.ms.
    bool is_flush_due() const;
    /// What of it was flushed for flush.messages or flush.ms.
    Offset flushed_end() const { return flushed_end_; }
    /// The journal is on stable storage as far as it was written at begin_flush().
    void begin_flush() { flush_mark_ = written_end_; }
    void on_flushed();

    /// `watch` hears of every move of durable_end(), and of the log's failure, until it goes.
    void add_watch(LogWatch& watch) { watches_.push_back(watch); }

    /// Whole batches from the one that holds `from`, below durable_end(), at most `bytes_max` but
    /// with `at_least_one` the first one in any case. Errc::kOffsetOutOfRange below the log start
    /// and above the log end; empty at durable_end(). Errc::kStorageFailed when the log is out of
    /// service.
    Task<Result<Parts>> read(Offset from, std::size_t bytes_max, bool at_least_one,
                             ReadInto into = ReadInto::kAnything);
    /// How many bytes read() has to give from `from` on, without reading; its error too. `place` is
    /// where the batch that holds `from` begins, for the next count. Exact, unless that batch is in
    /// a file only: then from the index entry before it.
    Result<Available> available(Offset from, std::optional<LogCursor>& place) const;
    /// The first batch below durable_end() with an offset from `from` on, whose largest timestamp
    /// reaches `target`; deleted records count. Errc::kStorageFailed as above.
    Task<Result<std::optional<Window>>> find_batch_by_time(TimestampMs target, Offset from);
    /// The largest timestamp and the last offset of the batch that holds it.
    std::optional<FoundTimestamp> largest_timestamp() const;
    /// Each segment's first offset and largest timestamp, in rising order.
    std::vector<std::pair<Offset, TimestampMs>> segment_starts() const;

    /// The idempotent producers, as of log_end_offset().
    const ProducerState& producers() const { return producers_.state(); }

    // The directory's side.

    /// Something was appended since the log was last found settled by a checkpoint.
    bool is_active() const { return active_; }
    Time last_append() const { return last_append_; }
    /// Where what is in sealed frames ends. REQUIRES: these don't end inside a batch.
    LogPosition framed_end() const;
    /// Fills what is durable. With `settle`, to the last byte, with its indexes and epochs, and the
    /// file ends with its data if everything is filled.
    enum class Fill { kBlocks, kAll, kSettle };
    Task<Result<void>> fill(Fill goal);
    /// Segments with bytes that a sync would bring onto stable storage.
    std::vector<UnsyncedSegment> unsynced_segments();
    bool is_folder_unsynced() const { return folder_unsynced_; }
    /// What a sync of the folder makes durable: the first segment whose name is there.
    Offset take_folder_unsynced() {
        folder_unsynced_ = false;
        return names_begin_;
    }
    void on_folder_synced(Offset names_begin) { names_synced_ = names_begin; }
    const std::string& folder() const { return folder_; }
    /// Nothing is in memory only, indexes and epochs neither, and the file ends with its data.
    bool is_settled() const;
    /// A checkpoint that lists the log with `end` counts; with `inactive` it found the log settled,
    /// and nothing came since.
    void on_checkpoint(LogPosition end, bool inactive);
    std::uint64_t appends() const { return appends_; }
    /// What is known of producers now is for the next write_snapshots() that covers it.
    void take_snapshot() { producers_.take(log_end_, LogProducers::Reason::kCheckpoint); }
    /// A checkpoint begins.
    void prepare_snapshot();
    /// It covers everything below `covered`: snapshots of that become files, to be synced with the
    /// segments.
    Task<Result<void>> write_snapshots(Offset covered);
    std::vector<std::string> take_unsynced_snapshots() { return producers_.take_unsynced(); }
    /// It counts: older snapshots go, but those at a segment's base.
    Task<Result<void>> remove_stale_snapshots();
    /// The directory is out of service: waiters fail, no offset is given again.
    void fail() { fail(Errc::kStorageFailed); }
    /// The partition is being deleted: appends are answered kUnknownTopic from now on. Success:
    /// what was appended is durable, so that the journal holds no half of a batch.
    Task<Result<void>> end_appends();
    /// The partition is deleted: everybody is answered kUnknownTopic. Returns when nothing of the
    /// log is under way; reads that have begun may still use the files, so close() comes later.
    /// REQUIRES: end_appends() succeeded, and no checkpoint runs.
    Task<> retire();

    // The cleaner's side. What it does at several moments it does inside enter().

    /// Its topic is known to want it.
    bool is_compacted() const { return is_configured_ && topic_.cleanup_by_compaction; }
    /// The log is neither failing nor going.
    bool is_open() const { return !failed_ && !retiring_ && !closing_ && !gate_.closed(); }
    /// REQUIRES: is_open().
    Gate::Pass enter() { return gate_.enter(); }
    /// Segments' first timestamps are known afterwards, as far as max.compaction.lag.ms asks.
    Task<Result<void>> look_at_ages();
    /// What may be cleaned at `now`, by the topic's settings. kCovered: of the segments that no
    /// retained frame, and no line of a checkpoint, names.
    CleaningRange cleaning_range(TimestampMs now, CleaningBound bound) const;
    /// The sealed segments before `end`, from the one on in which the log begins.
    std::vector<LogSegment*> segments_before(Offset end) const;
    LogSegment* find_segment(Offset base) const;
    /// The segment that was written anew from those at `bases`, neighbours, takes their place: for
    /// readers at once, on the disk so that a crash leaves either. Errc::kCancelled when it can't,
    /// because the log's start has moved or a segment is gone; its files are the caller's then.
    /// Errors of renaming take the directory out of service.
    Task<Result<void>> exchange(std::vector<Offset> bases);
    /// Everything before it has been cleaned once, as far as anybody knows.
    std::optional<Offset> cleaned_to() const { return cleaned_to_; }
    void set_cleaned_to(Offset offset) { cleaned_to_ = offset; }
    /// The recovery point that the directory's file has.
    Offset point_told() const { return point_told_; }
    void set_point_told(Offset point) { point_told_ = point; }

    /// A replay goes on behind the log's end. kDamaged when `bytes` don't fit there.
    Result<void> replay(Offset segment_base, std::uint64_t position, ByteView bytes);
    /// The same, but what the files hold already is passed over.
    Result<void> replay_rest(Offset segment_base, std::uint64_t position, ByteView bytes);
    /// What a crash left of a batch that came in pieces is forgotten.
    void end_replay() { piece_.clear(); }

    Added add_to(FrameBuilder& frame) override;
    void on_journaled() override;

    /// Ends what is under way and closes all files. What is unfilled is lost to them: settle first.
    Task<Result<void>> close();

private:
    using Cursor = LogCursor;
    /// How far frames hold the log.
    struct Framed {
        Cursor to;
        Offset end;  // of whole batches
        Cursor end_at;
    };
    /// A batch of which the frames don't hold everything yet.
    struct Unframed {
        Offset base;
        std::uint64_t end;
        Offset next;
    };

    PartitionLog(LogShared& shared, std::string parent, TopicPartition name, LogId id);

    Task<Result<void>> make_files();
    Task<Result<void>> load(Past past);
    Task<Result<void>> load_names();
    Task<Result<void>> load_segments(std::vector<Offset> bases, Past past);
    Task<Result<void>> load_segment(Offset base, bool verify, bool& cut);
    Task<Result<void>> load_cut_segment(Offset base, std::uint64_t size);
    Task<Result<void>> remove_segment_files(Offset base);
    void note_loaded(std::unique_ptr<LogSegment> segment);
    Task<Result<void>> remove_leftovers(const std::vector<FolderEntry>& entries);
    Task<Result<void>> remove_unfinished(const std::vector<FolderEntry>& entries);
    Task<Result<void>> finish_exchanges(const std::vector<FolderEntry>& entries);
    Task<Result<void>> finish_exchange(Offset base, const std::vector<FolderEntry>& entries);
    Task<Result<void>> remove_all_segments();
    Task<Result<void>> finish_load(Past past, std::vector<Offset> snapshots);
    Task<Result<void>> load_producers(Past past, std::vector<Offset> snapshots);
    Task<Result<void>> note_producers(LogSegment& segment, Offset from);
    void note_deleted(ByteView bytes);
    /// Closes the files of a log that never came into service.
    Task<> abandon();
    void fail(Errc reason);

    bool has_account_for(std::size_t bytes) const;
    void note_account();
    void accept(ByteView batch, const BatchMeta& meta);
    bool must_roll(const BatchMeta& meta) const;
    void roll(Offset base);
    void set_log_start(Offset start);
    LogStart start_at(Offset start) const;
    void ask_start_entry(Offset start);
    Task<Result<void>> wait_start_durable(LogStart wanted);
    bool add_start_to(FrameBuilder& frame);
    void cut_epochs();
    bool must_flush() const;
    Task<> flush_written();
    void move_durable_end(Offset end, Cursor at);
    Offset retention_start(TimestampMs now) const;
    void roll_when_empty();
    Task<Result<void>> drop_segments();
    Task<Result<void>> keep_producers(Offset keep);
    Offset first_dirty() const;
    Offset first_too_young(TimestampMs now) const;
    bool is_overdue(TimestampMs now) const;
    bool may_exchange(const std::vector<Offset>& bases) const;
    Task<Result<void>> rename_exchanged(std::vector<Offset> bases);
    Task<Result<void>> rename_segment_files(Offset base);
    Task<> remove_later(std::vector<std::unique_ptr<LogSegment>> dropped);
    Task<Result<void>> remove_deleted_files(Offset base);
    const Framed& sealed_frames() const;
    bool add_newest(ByteView batch);
    bool bind_in(FrameBuilder& frame);
    void begin_in_frame();
    std::size_t framable(FrameBuilder& frame, LogSegment& segment, bool& piece);
    void note_framed();
    Task<Result<void>> fill_locked(Fill goal);
    Task<Result<void>> fill_segments(Fill goal);
    Task<Result<void>> fill_segment(LogSegment& segment, Cursor target, Fill goal);
    Task<Result<void>> settle(LogSegment& segment);
    Task<> fill_in_background();
    void start_filling();
    Task<Result<void>> write_epochs();
    LogSegment& active() { return *segments_.rbegin()->second; }
    SegmentConfig segment_config();

    LogShared& shared_;
    World& world_;
    Logger& logger_;
    const TopicPartition name_;
    const LogId id_;
    const std::string folder_;
    const LogConfig& config_;
    TopicConfig topic_;
    bool is_configured_{};  // the topic has told its own
    Uuid topic_id_;

    std::map<Offset, std::unique_ptr<LogSegment>> segments_;
    LogProducers producers_;
    std::vector<EpochStart> epochs_;
    bool epochs_unwritten_{};
    bool epochs_cut_{};  // by a start that moved
    LogBeginning beginning_;
    std::optional<Offset> cleaned_to_;
    Offset covered_base_;  // no frame, and no line of a checkpoint, names a segment before it
    Offset point_told_;
    std::uint64_t exchanges_{};
    bool exchanging_{};
    Offset names_begin_;   // the first segment whose files have their name
    Offset names_synced_;  // and after a power loss
    Offset log_end_;
    Framed framed_;       // the open frame's too
    Framed before_open_;  // without what that has, if it has something
    Cursor durable_;      // in frames that count up to here
    Offset durable_end_;
    Cursor durable_end_at_;
    Lsn durable_lsn_{};  // and these frames end there
    // With `os`: whole batches that are written, of which the last wait for a flush if
    // flush.messages asks for one.
    Offset written_end_;
    Cursor written_end_at_;
    Offset flushed_end_;
    Offset flush_mark_;
    Time flushed_at_{};
    bool flushing_{};
    Offset synced_end_;
    Offset fill_base_;  // segments before it are sealed
    std::size_t unfilled_{};
    std::uint64_t on_account_{};
    std::deque<Unframed> unframed_;
    Bytes piece_;                 // of a batch that is being replayed
    Offset replay_begin_;         // what lies in segments before it is deleted
    std::size_t deleted_rest_{};  // of a batch of these that comes in pieces
    std::uint64_t appends_{};
    Time last_append_{};
    bool active_{};
    bool bound_{};
    bool filling_{};
    bool fill_wanted_{};
    bool folder_unsynced_{};
    bool failed_{};
    bool retiring_{};
    Errc failure_{Errc::kStorageFailed};  // what is answered once failed_
    boost::intrusive::list<LogWatch, boost::intrusive::constant_time_size<false>> watches_;
    WaitList durable_waiters_;
    WaitList removal_waiters_;  // until the files' time has come
    bool closing_{};
    std::int64_t fills_{};
    WaitList fill_waiters_;
    Gate gate_;
};

}  // namespace millrace
