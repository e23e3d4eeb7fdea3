// Frames off a stream: a four-byte size and that many bytes (Kafka protocol guide).
#pragma once

#include "core/runtime/semaphore.hpp"
#include "core/runtime/stream.hpp"

#include <memory>

namespace millrace {

/// One received request without its size field. Gives its bytes back to the budget when it goes.
class Frame {
public:
    Frame() = default;
    Frame(std::size_t size, Semaphore& budget)
        : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size), share_(budget) {}
    Frame(Frame&& other) noexcept
        : bytes_(std::move(other.bytes_)),
          size_(std::exchange(other.size_, 0)),
          share_(std::move(other.share_)) {}
    Frame& operator=(Frame&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        share_ = std::move(other.share_);
        return *this;
    }

    MutableBytes bytes() const { return {bytes_.get(), size_}; }

private:
    friend class FrameReader;

    // The memory of a large frame is only touched, and so only there, as its bytes arrive.
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_{};
    Semaphore::Share share_;
};

/// Cuts one connection's bytes into frames. Small requests that arrive together cost one receive;
/// the rest of a large one is received straight into its frame, and so is all of one behind it.
class FrameReader {
public:
    /// `budget` bounds the bytes of all frames that exist. A frame takes its room as its bytes
    /// arrive and waits for it, so that who announces much and sends little holds little. `rest`
    /// comes before what the stream has.
    FrameReader(Stream& stream, Semaphore& budget, std::int32_t frame_bytes_max,
                Received rest = Received())
        : stream_(stream),
          budget_(budget),
          frame_bytes_max_(frame_bytes_max),
          inbox_(std::move(rest)) {}

    /// Errc::kEndOfStream between frames when the peer closed; Errc::kMalformed for a negative
    /// size, Errc::kTooLarge for one over the limit: the stream can't be read on after either.
    Task<Result<Frame>> next();

    /// What was received and belongs to no frame yet, in memory of its own. REQUIRES: nobody is in
    /// next().
    Received take_rest();

    /// Bytes received so far, for the idle check.
    std::uint64_t received() const { return received_; }

private:
    Task<Result<void>> fill(MutableBytes into);
    Task<Result<void>> receive_all(MutableBytes into);
    /// Takes what is at hand; how many bytes.
    std::size_t take_received(MutableBytes into);
    Task<Result<void>> receive_rest(Frame& frame, std::size_t received);

    Stream& stream_;
    Semaphore& budget_;
    const std::int32_t frame_bytes_max_;
    Received inbox_;
    bool after_large_{};  // who sent a large frame sends another
    std::uint64_t received_{};
};

}  // namespace millrace
