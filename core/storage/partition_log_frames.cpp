// How the batches of a PartitionLog come into the journal's frames, and count.
#include "core/storage/partition_log.hpp"

#include <cstring>

namespace millrace {
namespace {

// What makes a fill worth its write.
constexpr std::uint64_t kFillBytes = 512 << 10;

}  // namespace

/// The batch that was accepted last goes into the open frame from where it came, while caches have
/// it. False when it has to be queued: behind others, or because the frame has no room.
bool PartitionLog::add_newest(ByteView batch) {
    FrameBuilder* const frame = unframed_.empty() ? shared_.journal->open_frame() : nullptr;
    if (frame == nullptr || !bind_in(*frame) || frame->append_room() < batch.size()) return false;
    begin_in_frame();
    const Cursor end{active().base(), active().size()};
    const MutableBytes into =
        frame->add_append(id_, end.base, end.position - batch.size(), batch.size());
    std::memcpy(into.data(), batch.data(), batch.size());
    framed_ = {end, log_end_, end};
    shared_.journal->added(*this);
    return true;
}

bool PartitionLog::bind_in(FrameBuilder& frame) {
    if (bound_) return true;
    const std::string folder = name_.folder();
    bound_ = frame.add_binding({id_, topic_id_, folder});
    return bound_;
}

void PartitionLog::begin_in_frame() {
    if (!shared_.journal->is_in_open_frame(*this)) before_open_ = framed_;
}

const PartitionLog::Framed& PartitionLog::sealed_frames() const {
    return shared_.journal->is_in_open_frame(*this) ? before_open_ : framed_;
}

LogPosition PartitionLog::framed_end() const {
    const Framed& sealed = sealed_frames();
    return {sealed.to.base, sealed.to.position, sealed.end};
}

JournalMember::Added PartitionLog::add_to(FrameBuilder& frame) {
    begin_in_frame();
    if (!bind_in(frame)) return Added::kSome;
    if (beginning_.is_asked() && !add_start_to(frame)) return Added::kSome;
    Cursor& to = framed_.to;
    for (;;) {
        LogSegment& segment = *segments_.at(to.base);
        if (to.position == segment.size()) {
            const auto next = segments_.upper_bound(to.base);
            if (next == segments_.end()) return Added::kAll;
            to = {next->first, 0};
            continue;
        }
        bool piece = false;
        const std::size_t size = framable(frame, segment, piece);
        if (size == 0) return Added::kSome;
        const MutableBytes into = frame.add_append(id_, to.base, to.position, size);
        segment.copy_from_tail(to.position, into);
        to.position += size;
        note_framed();
        if (piece) return Added::kPiece;
    }
}

/// Bytes from the cursor on that go into this frame: whole batches, or, of a batch that no frame
/// holds, a piece in a frame that begins with it.
std::size_t PartitionLog::framable(FrameBuilder& frame, LogSegment& segment, bool& piece) {
    const std::size_t room = frame.append_room();
    const Cursor& from = framed_.to;
    const std::uint64_t available = segment.size() - from.position;
    if (available <= room) return available;
    std::uint64_t end = from.position;
    for (const Unframed& batch : unframed_) {
        if (batch.base != from.base || batch.end - from.position > room) break;
        end = batch.end;
    }
    if (end > from.position) return end - from.position;
    const std::uint64_t first = unframed_.front().end - from.position;
    const std::size_t largest = frame.bytes_max() / 2;
    if (first <= largest || room < largest) return 0;
    piece = true;
    return room;
}

void PartitionLog::note_framed() {
    const Cursor& to = framed_.to;
    while (!unframed_.empty() &&
           (unframed_.front().base < to.base ||
            (unframed_.front().base == to.base && unframed_.front().end <= to.position))) {
        framed_.end = unframed_.front().next;
        framed_.end_at = {unframed_.front().base, unframed_.front().end};
        unframed_.pop_front();
    }
}

void PartitionLog::on_journaled() {
    const Framed& counts = sealed_frames();
    durable_ = counts.to;
    durable_lsn_ = shared_.journal->next_lsn();
    beginning_.on_journaled();
    written_end_ = counts.end;
    written_end_at_ = counts.end_at;
    if (!must_flush()) {
        move_durable_end(written_end_, written_end_at_);
    } else if (!gate_.closed() && !std::exchange(flushing_, true)) {
        gate_.spawn(flush_written());
    }
    if (fill_base_ < durable_.base || unfilled_ >= kFillBytes) start_filling();
}

}  // namespace millrace
