// Where a log begins: as its readers see it, as somebody wants it, and as the journal says.
//
// An entry of the journal makes a move durable before anybody hears of it and before any file goes.
// It names the segment in which the log begins too: files before that one may be gone, and a replay
// wants nothing from them.
#pragma once

#include "core/runtime/wait_list.hpp"
#include "core/storage/journal_format.hpp"

namespace millrace {

/// Moves up and never back. Lives on its log's shard; owned by it.
class LogBeginning {
public:
    explicit LogBeginning(World& world) : waiters_(world) {}

    /// A start has found it: durable already, and so is who wrote the batches before it.
    void set(LogStart found);

    /// What readers see.
    Offset shown() const { return shown_; }
    void show(Offset start) { shown_ = start; }
    /// What it will be once an entry says so.
    Offset wanted() const { return wanted_; }
    /// The next frame has an entry for `start`.
    void want(Offset start);
    bool is_asked() const { return asked_; }
    const LogStart& framed() const { return framed_; }
    /// By frames that count.
    const LogStart& durable() const { return durable_; }
    /// An entry is on its way, or will be.
    bool is_moving() const { return asked_ || framed_ != durable_; }
    /// An entry can be written for a log that begins in segment `base`: who wrote the batches of
    /// those before it is in a snapshot on stable storage. A replay removes these segments, and
    /// they may be all that tells.
    bool is_secured(Offset base) const { return base <= secured_base_; }
    void secure(Offset base);

    /// False when the entry doesn't fit into what is left of the frame. REQUIRES: is_asked(), and
    /// wanted() lies in the segment that begins with `base`.
    bool add_to(FrameBuilder& frame, LogId log, Offset base);
    void on_journaled();
    /// Until durable() has changed.
    Task<Result<void>> wait_moved() { return waiters_.wait(moves_ + 1, kNever); }
    void fail(Errc reason) { waiters_.fail_all(reason); }

private:
    Offset shown_;
    Offset wanted_;
    LogStart framed_;
    LogStart durable_;
    Offset secured_base_;
    bool asked_{};
    std::int64_t moves_{};
    WaitList waiters_;  // by moves_
};

}  // namespace millrace
