#include "core/storage/segment_walk.hpp"

#include <algorithm>

namespace millrace {
namespace {

/// The whole batches at the front of `bytes`.
Result<std::size_t> whole_batches(ByteView bytes) {
    std::size_t size = 0;
    while (size < bytes.size()) {
        const auto batch = parse_batch(bytes.subspan(size));
        if (!batch && batch.error() == make_error_code(Errc::kEndOfStream)) break;
        if (!batch) return batch.error();
        if (!batch->crc_holds()) return Errc::kCorruptBatch;
        size += batch->size_in_bytes();
    }
    return size;
}

}  // namespace

Task<Result<ByteView>> SegmentWalk::next() {
    std::size_t wanted = piece_bytes_;
    while (position_ < segment_.size()) {
        const auto bytes = co_await read_piece(wanted);
        if (!bytes) co_return bytes.error();
        const auto whole = whole_batches(*bytes);
        if (!whole) co_return whole.error();
        if (*whole > 0) {
            position_ += *whole;
            co_return bytes->first(*whole);
        }
        if (position_ + bytes->size() >= segment_.size()) co_return Errc::kCorruptBatch;
        wanted *= 2;
    }
    co_return ByteView();
}

Task<Result<ByteView>> SegmentWalk::read_piece(std::size_t size) {
    const std::uint64_t begin = round_down(position_, kBlockBytes);
    const std::uint64_t end = std::min<std::uint64_t>(position_ + size, segment_.size());
    const std::size_t blocks = round_up(end - begin, kBlockBytes);
    if (memory_.size() < blocks) memory_ = AlignedBytes(blocks);
    const auto count = co_await segment_.read_file(begin, memory_.bytes().first(blocks));
    if (!count) co_return count.error();
    if (*count < end - begin) co_return Errc::kEndOfStream;
    co_return ByteView(memory_.bytes()).subspan(position_ - begin, end - position_);
}

}  // namespace millrace
