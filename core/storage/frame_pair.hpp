// The two frames of a journal: the open one takes what is appended while the other is written.
//
// A batch goes into the open frame when it is appended, while the processor's caches have it, as
// long as the frame has room; the rest is queued for the next.
#pragma once

#include "core/runtime/world.hpp"
#include "core/storage/journal_format.hpp"

#include <array>
#include <vector>

namespace millrace {

/// A log's side of the journal. Lives on the journal's shard.
class JournalMember {
public:
    enum class Added {
        kAll,    // nothing is left to write
        kSome,   // the frame is full; more is left
        kPiece,  // the frame is full; what was added ends inside a batch
    };

    /// What it was queued for.
    virtual Added add_to(FrameBuilder& frame) = 0;
    /// Everything that it has in sealed frames counts: it is on stable storage, or written when the
    /// journal doesn't flush.
    virtual void on_journaled() = 0;

protected:
    ~JournalMember() = default;

private:
    friend class Journal;
    friend class FramePair;
    bool queued_{};
    std::uint64_t frame_{};  // the last one that has something of it
};

struct JournalFrame {
    FrameBuilder builder;
    std::int32_t memory = kUnregistered;
    std::vector<JournalMember*> members{};  // of whom it has something
};

/// Owned by its Journal, on that journal's shard.
class FramePair {
public:
    FramePair(World& world, std::uint64_t journal_id, std::size_t frame_bytes);
    FramePair(const FramePair&) = delete;
    FramePair& operator=(const FramePair&) = delete;
    ~FramePair();

    /// So that the kernel needn't look the pages up for each write. An error costs no more than
    /// that.
    Result<void> register_memory();

    JournalFrame& open() { return frames_[number_ % 2]; }
    const JournalFrame& open() const { return frames_[number_ % 2]; }
    /// In flight, or free.
    JournalFrame& other() { return frames_[(number_ + 1) % 2]; }
    std::size_t frame_bytes() const { return open().builder.bytes_max(); }

    bool open_has(const JournalMember& member) const { return member.frame_ == number_; }
    /// The open frame has something of `member`.
    void note(JournalMember& member);
    /// What was open is the other one, to be sealed. REQUIRES: that isn't in flight.
    void open_next();
    /// Neither is ever written.
    void clear();

private:
    World& world_;
    std::array<JournalFrame, 2> frames_;
    std::uint64_t number_{1};  // of the open one
};

}  // namespace millrace
