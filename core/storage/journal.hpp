// The journal of a log directory: one sequential stream of frames makes every append durable.
//
// What all logs accept in one turn of the loop goes into one frame, and one frame is in flight at
// a time: everything that arrives meanwhile shares the next, which is open (group commit).
// JOURNAL.md describes the bytes and what holds at each moment.
#pragma once

#include "core/runtime/gate.hpp"
#include "core/storage/frame_gathering.hpp"
#include "core/storage/frame_pair.hpp"
#include "core/storage/journal_files.hpp"

#include <deque>
#include <functional>
#include <memory>

namespace millrace {

/// Owned by its LogDirectory, on that directory's shard.
class Journal {
public:
    /// How the journal was left: nothing, or files whose frames end at `end`.
    struct Past {
        std::uint64_t journal_id{};
        std::uint32_t life{};
        Lsn end{};
        Lsn replay_from{};  // no frame before it is wanted again
        std::vector<std::pair<std::uint64_t, JournalFileHeader>> files;
    };

    /// Begins a new life in a fresh file. `make_room` is called before a file that the journal
    /// can't do without, and that the disk refused, is tried once more. Nothing of the past is
    /// freed until release_before().
    static Task<Result<std::unique_ptr<Journal>>> open(World& world, Logger& logger,
                                                       JournalOptions options, Past past,
                                                       std::function<Task<>()> make_room);

    /// The member has something to write, now or once there is room.
    void enqueue(JournalMember& member);
    /// The frame that is written next, for an append that is at hand; then added(). Null while
    /// others are queued for it: enqueue().
    FrameBuilder* open_frame();
    void added(JournalMember& member);
    bool is_in_open_frame(const JournalMember& member) const { return frames_.open_has(member); }

    /// Something waits to be written.
    bool has_appends() const { return !queue_.empty() || !frames_.open().builder.empty(); }
    /// The end of the frames that are sealed; later entries come at or behind it.
    Lsn next_lsn() const { return next_; }
    /// Everything before it is on stable storage.
    Lsn stable_lsn() const { return stable_; }
    /// The sealed frames end inside a batch: no checkpoint may begin here.
    bool ends_inside_batch() const { return inside_batch_; }
    /// Until the next frame has been written.
    Task<Result<void>> wait_frame() { return frame_waiters_.wait(frames_written_ + 1, kNever); }
    /// Brings everything before `lsn` onto stable storage.
    Task<Result<void>> make_stable(Lsn lsn);

    /// Frames of control entries, before the appends that wait, out of the reserve if need be.
    /// `add` fills one frame after the other until it returns false: nothing is left. Success: all
    /// of them are on stable storage.
    Task<Result<void>> write_control(std::function<bool(FrameBuilder&)> add);

    /// A checkpoint that begins at `lsn` is durable: older frames may be forgotten.
    void release_before(Lsn lsn);
    /// What the largest checkpoint and the largest batch would take; appends leave room for it.
    /// Spare files are made from the first call on.
    void reserve(std::uint64_t bytes);
    /// How long whoever brings an append waits before it is admitted: not at all until three
    /// quarters of what appends may use hold frames, then ever longer, up to kPauseMax when only
    /// the reserve is left. A checkpoint that runs is caught up with that way.
    Duration pause() const;
    static constexpr Duration kPauseMax = std::chrono::milliseconds(10);
    /// The disk is full: no file is made that the journal can do without.
    void set_frugal(bool frugal);
    /// `wanted` is called once a quarter of the journal holds frames, or when appends wait for
    /// room; again after release_before().
    void on_checkpoint_wanted(std::function<void()> wanted) {
        checkpoint_wanted_ = std::move(wanted);
    }
    void on_failed(std::function<void(const Error&)> failed) {
        failed_callback_ = std::move(failed);
    }
    bool failed() const { return failed_; }
    /// Files that a checkpoint could free.
    bool has_older_files() const { return files_.in_use() > 1; }

    /// Waits for what is in flight. What is queued is not written.
    Task<Result<void>> close();

private:
    enum class Step { kWrote, kNothingToDo };

    struct Control {
        std::function<bool(FrameBuilder&)> add;
        bool added_all{};
        std::int64_t ticket{};
    };

    Journal(World& world, Logger& logger, JournalOptions options, const Past& past,
            std::function<Task<>()> make_room);

    void register_frame_memory();
    Task<Result<void>> begin_life(Lsn former_end, Lsn replay_from);
    Task<Result<void>> probe_device();
    Task<> write_frames();
    bool waits_for_more() const;
    void stop_gathering();
    bool has_to_sync() const { return stable_ < std::min(wanted_stable_, written_); }
    Task<Result<Step>> write_next_frame();
    Task<Result<void>> write_frame(bool control);
    Task<Result<void>> next_file(Lsn start);
    std::size_t spares_wanted() const;
    void ask_for_checkpoint();
    bool build_control_frame();
    bool build_append_frame();
    void add_queued();
    void note_append();
    bool has_room_for_appends() const;
    void count_frame(std::size_t size);
    void after_frame(Lsn end, bool durable);
    Task<Result<void>> prepare_file();
    void keep_spare();
    Task<> prepare_spares();
    void kick();
    void fail(const Error& error);

    World& world_;
    Logger& logger_;
    const JournalOptions options_;
    const std::uint64_t journal_id_;
    const std::uint32_t life_;
    JournalFiles files_;
    FramePair frames_;
    Lsn next_;
    Lsn written_;
    Lsn stable_;
    std::uint64_t reserve_bytes_{};

    std::deque<JournalMember*> queue_;
    std::size_t appends_waiting_{};   // since the last frame began
    std::size_t appends_in_frame_{};  // of the last one
    FrameGathering gathering_;
    std::deque<Control*> controls_;
    Lsn wanted_stable_{};
    bool inside_batch_{};
    bool writing_{};
    bool preparing_{};
    bool frugal_{};
    bool failed_{};
    bool checkpoint_asked_{};
    std::int64_t frames_written_{};
    std::int64_t tickets_{};
    const std::function<Task<>()> make_room_;
    std::function<void()> checkpoint_wanted_;
    std::function<void(const Error&)> failed_callback_;
    WaitList gathered_;        // by appends_waiting_
    WaitList frame_waiters_;   // by frames_written_
    WaitList controls_done_;   // by ticket
    WaitList stable_waiters_;  // by stable_
    Gate gate_;
};

}  // namespace millrace
