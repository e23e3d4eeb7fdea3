#include "uring/provided_buffers.hpp"

#include <cstring>

namespace millrace {

ProvidedBuffers::ProvidedBuffers()
    : ring_(kPieces * sizeof(io_uring_buf)), pieces_(kPieces * kPieceBytes) {
    ring_.zero();
}

std::unique_ptr<ProvidedBuffers> ProvidedBuffers::open(io_uring& ring) {
    std::unique_ptr<ProvidedBuffers> buffers(new ProvidedBuffers);
    io_uring_buf_reg wish{};
    wish.ring_addr = reinterpret_cast<std::uint64_t>(buffers->ring_.data());
    wish.ring_entries = kPieces;
    wish.bgid = kGroup;
    if (io_uring_register_buf_ring(&ring, &wish, 0) != 0) return nullptr;
    for (std::size_t i = 0; i < kPieces; ++i) buffers->give_back(buffers->at(i));
    return buffers;
}

std::byte* ProvidedBuffers::piece(std::uint32_t completion_flags) const {
    return at(completion_flags >> IORING_CQE_BUFFER_SHIFT);
}

void ProvidedBuffers::give_back(const std::byte* memory) {
    const auto number = static_cast<std::size_t>(memory - pieces_.data()) / kPieceBytes;
    io_uring_buf_ring_add(&ring(), at(number), kPieceBytes, static_cast<std::uint16_t>(number),
                          io_uring_buf_ring_mask(kPieces), 0);
    io_uring_buf_ring_advance(&ring(), 1);
}

}  // namespace millrace
