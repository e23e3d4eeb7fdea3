// Memory for received bytes that the kernel takes at the moment they arrive, so that a connection
// that waits holds none.
#pragma once

#include "core/base/aligned_bytes.hpp"
#include "uring/compat.hpp"

#include <cstdint>
#include <memory>

namespace millrace {

/// One group of equal pieces, shared by all receives of one ring. Goes after the ring.
class ProvidedBuffers {
public:
    static constexpr unsigned kGroup = 0;
    static constexpr std::size_t kPieceBytes = 4096;
    static constexpr unsigned kPieces = 256;

    /// Null when the kernel can't.
    static std::unique_ptr<ProvidedBuffers> open(io_uring& ring);

    /// The piece that a completion names; whoever got it gives it back.
    std::byte* piece(std::uint32_t completion_flags) const;
    void give_back(const std::byte* memory);

private:
    ProvidedBuffers();

    io_uring_buf_ring& ring() const { return *reinterpret_cast<io_uring_buf_ring*>(ring_.data()); }
    std::byte* at(std::size_t number) const { return pieces_.data() + number * kPieceBytes; }

    AlignedBytes ring_;
    AlignedBytes pieces_;
};

}  // namespace millrace
