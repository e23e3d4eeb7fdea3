// A sealed segment from one of its batches to its end, in pieces: for who works through logs in the
// background.
#pragma once

#include "core/base/aligned_bytes.hpp"
#include "core/storage/log_segment.hpp"

namespace millrace {

/// Used by one coroutine, which keeps the segment open. Memory: a piece, or the largest batch.
class SegmentWalk {
public:
    /// `position` is a batch's.
    SegmentWalk(LogSegment& segment, std::uint64_t position, std::size_t piece_bytes)
        : segment_(segment), position_(position), piece_bytes_(piece_bytes) {}

    /// The next whole batches, whose checksums hold; none at the end. Borrowed until the next call.
    /// Errc::kCorruptBatch, or the kernel's.
    Task<Result<ByteView>> next();

private:
    Task<Result<ByteView>> read_piece(std::size_t size);

    LogSegment& segment_;
    std::uint64_t position_;
    const std::size_t piece_bytes_;
    AlignedBytes memory_;
};

}  // namespace millrace
