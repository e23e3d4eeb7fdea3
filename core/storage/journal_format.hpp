// The bytes of the journal: file headers, frames, entries. JOURNAL.md has grammar and example.
//
// Nothing here reads or writes a file. A frame is built in memory that a direct write can take;
// a frame that was read is checked whole before anything in it is believed.
#pragma once

#include "core/base/aligned_bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/types.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// A position in the endless journal, in bytes of frames.
using Lsn = std::uint64_t;
/// Names a log in the entries of one life.
using LogId = std::uint32_t;

inline constexpr std::size_t kJournalBlock = 4096;
inline constexpr std::size_t kJournalHeaderBytes = kJournalBlock;
inline constexpr std::size_t kFrameHeaderBytes = 40;
inline constexpr std::size_t kFrameBytesMax = 1 << 20;

struct JournalFileHeader {
    std::uint64_t journal_id{};
    std::uint64_t sequence{};  // the file's place in the row; 0: prepared and not used yet
    Lsn start{};
    std::uint32_t life{};
    Lsn former_end{};  // where the former life ended; only in a life's first file
    std::uint64_t file_bytes{};
};

/// One block.
AlignedBytes encode_journal_header(const JournalFileHeader& header);
/// kMalformed when the block is no header.
Result<JournalFileHeader> decode_journal_header(ByteView block);

/// Where a log's next byte goes.
struct LogPosition {
    Offset segment_base;
    std::uint64_t position{};
    Offset next_offset;

    bool operator==(const LogPosition&) const = default;
};

enum class EntryKind : std::uint8_t {
    kAppend = 1,
    kBinding = 2,
    kCheckpoint = 3,
    kClosed = 4,
    kLogStart = 6,
    // Known to the format from the start; a journal that holds one needs a later version.
    kTruncation = 5,
    kEpochStart = 7,
    kCreation = 8,
    kReset = 9,
    kRename = 10,
    kDeletion = 11,
};

/// Bytes for one place of one segment: whole batches, or a piece of one.
struct AppendEntry {
    LogId log{};
    Offset segment_base;
    std::uint64_t position{};
    ByteView bytes;
};

struct BindingEntry {
    LogId log{};
    Uuid topic_id;
    std::string_view folder;
};

/// Where a log begins: the offset, and the segment that it lies in. Those before may be gone.
struct LogStart {
    Offset start;
    Offset segment_base;

    bool operator==(const LogStart&) const = default;
};

struct LogStartEntry {
    LogId log{};
    LogStart start;
};

struct CheckpointLine {
    LogId log{};
    LogPosition end;
};

/// One piece of a checkpoint; it counts when all pieces up to the last are there.
struct CheckpointEntry {
    Lsn begin{};
    std::uint32_t piece{};
    bool last{};
    std::vector<CheckpointLine> lines;
};

/// One frame in the making. Reused from frame to frame.
class FrameBuilder {
public:
    FrameBuilder(std::uint64_t journal_id, std::size_t bytes_max)
        : journal_id_(journal_id), memory_(bytes_max) {}

    void begin() {
        size_ = kFrameHeaderBytes;
        entries_ = 0;
    }
    bool empty() const { return entries_ == 0; }
    std::size_t bytes_max() const { return memory_.size(); }
    /// What every sealed frame lies in.
    MutableBytes memory() const { return memory_.bytes(); }

    /// How many bytes an append entry that is added now may have.
    std::size_t append_room() const;
    /// Memory for `size` bytes that go to `position` of a segment. REQUIRES: at most append_room().
    MutableBytes add_append(LogId log, Offset segment_base, std::uint64_t position,
                            std::size_t size);
    /// False when it doesn't fit into what is left.
    bool add_binding(const BindingEntry& entry);
    /// How many lines a checkpoint entry that is added now may have.
    std::size_t checkpoint_room() const;
    void add_checkpoint(const CheckpointEntry& entry);
    /// False when it doesn't fit into what is left.
    bool add_log_start(const LogStartEntry& entry);
    void add_closed();

    /// The frame, padded to blocks and sealed. `stable`: everything before it was on stable
    /// storage when this one was sealed.
    ByteView seal(Lsn lsn, std::uint32_t life, Lsn stable);

private:
    std::size_t left() const { return memory_.size() - size_; }
    std::byte* grow(EntryKind kind, std::size_t size);

    const std::uint64_t journal_id_;
    AlignedBytes memory_;
    std::size_t size_{};
    std::uint32_t entries_{};
};

struct FrameView {
    Lsn lsn{};
    std::uint32_t life{};
    Lsn stable{};
    std::uint32_t entries{};
    std::size_t size{};  // padded
    ByteView payload;
};

/// The frame at the front of `bytes`. kMalformed when there is none, kEndOfStream when it goes on
/// behind them.
Result<FrameView> parse_frame(ByteView bytes, std::uint64_t journal_id);

/// Walks a checked frame's entries; kMalformed when they don't fill it, kUnsupportedVersion at a
/// kind that this version doesn't act on. The visitor has on_append, on_binding, on_checkpoint,
/// on_log_start and on_closed.
template <class Visitor>
Result<void> visit_entries(const FrameView& frame, Visitor& visitor);

namespace detail {
Result<AppendEntry> take_append(ByteView& payload);
Result<BindingEntry> take_binding(ByteView& payload);
Result<CheckpointEntry> take_checkpoint(ByteView& payload);
Result<LogStartEntry> take_log_start(ByteView& payload);
}  // namespace detail

template <class Visitor>
Result<void> visit_entries(const FrameView& frame, Visitor& visitor) {
    ByteView payload = frame.payload;
    for (std::uint32_t i = 0; i < frame.entries; ++i) {
        if (payload.empty()) return Errc::kMalformed;
        switch (static_cast<EntryKind>(payload[0])) {
            case EntryKind::kAppend: {
                const auto entry = detail::take_append(payload);
                if (!entry) return entry.error();
                visitor.on_append(frame, *entry);
                break;
            }
            case EntryKind::kBinding: {
                const auto entry = detail::take_binding(payload);
                if (!entry) return entry.error();
                visitor.on_binding(frame, *entry);
                break;
            }
            case EntryKind::kCheckpoint: {
                const auto entry = detail::take_checkpoint(payload);
                if (!entry) return entry.error();
                visitor.on_checkpoint(frame, *entry);
                break;
            }
            case EntryKind::kLogStart: {
                const auto entry = detail::take_log_start(payload);
                if (!entry) return entry.error();
                visitor.on_log_start(frame, *entry);
                break;
            }
            case EntryKind::kClosed:
                payload = payload.subspan(std::min(payload.size(), std::size_t{4}));
                visitor.on_closed(frame);
                break;
            default: return Errc::kUnsupportedVersion;
        }
    }
    return {};
}

}  // namespace millrace
