// Frames: a big-endian int32 size, then that many bytes. Taking them out of a byte stream that
// arrives in chunks of any size, and putting the size before an encoded message.
#pragma once

#include "protocol/wire.hpp"

#include <cstdint>
#include <optional>

namespace millrace {

/// Cuts a stream into frames. Owned by one connection; keeps the beginning of the frame that has
/// not arrived whole, and never more memory than has arrived, whatever size a peer announces.
class FrameAssembler {
public:
    /// `size_max` is socket.request.max.bytes.
    explicit FrameAssembler(std::int32_t size_max) : size_max_(size_max) {}

    /// Takes bytes from the front of `chunk`, up to the end of the next frame, and returns that
    /// frame without its size; nothing when the chunk is used up first. The frame is borrowed from
    /// `chunk` when it lies there whole, otherwise from here until the next call.
    /// kMalformed for a negative size and kTooLarge for one over the limit: the stream cannot be
    /// read on after either, and every further call says so again.
    Result<std::optional<ByteView>> next(ByteView& chunk);

    /// Bytes that the frame in progress still lacks; 0 before its size is known.
    std::size_t missing() const;

private:
    void take_size(ByteView& chunk);

    /// Over this, the buffer of a delivered frame goes back to the allocator.
    static constexpr std::size_t kKeptCapacityMax = 64 * 1024;

    const std::int32_t size_max_;

    std::byte size_bytes_[4] = {};
    std::size_t size_bytes_count_ = 0;
    std::size_t size_ = 0;  // of the frame in progress, when all four bytes are there
    Bytes body_;
    bool delivered_ = false;  // body_ holds a frame that was handed out
    Error failure_;
};

/// Puts the room for a frame's size; `finish_frame` fills it in with what has been put since.
/// REQUIRES: the writer is empty.
void start_frame(Writer& writer);
void finish_frame(Writer& writer);

}  // namespace millrace
