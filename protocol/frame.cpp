#include "protocol/frame.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {

void FrameAssembler::take_size(ByteView& chunk) {
    const std::size_t take = std::min(sizeof size_bytes_ - size_bytes_count_, chunk.size());
    std::copy_n(chunk.begin(), take, size_bytes_ + size_bytes_count_);
    size_bytes_count_ += take;
    chunk = chunk.subspan(take);
    if (size_bytes_count_ < sizeof size_bytes_) return;

    const auto size = load_be<std::int32_t>(size_bytes_);
    if (size < 0) failure_ = Errc::kMalformed;
    if (size > size_max_) failure_ = Errc::kTooLarge;
    if (!failure_) size_ = static_cast<std::size_t>(size);
}

Result<std::optional<ByteView>> FrameAssembler::next(ByteView& chunk) {
    if (failure_) return failure_;
    if (delivered_) {
        body_.clear();
        if (body_.capacity() > kKeptCapacityMax) Bytes().swap(body_);
        delivered_ = false;
    }
    if (size_bytes_count_ < sizeof size_bytes_) {
        take_size(chunk);
        if (failure_) return failure_;
        if (size_bytes_count_ < sizeof size_bytes_) return std::nullopt;
    }
    const std::size_t take = std::min(missing(), chunk.size());
    const ByteView front = chunk.first(take);
    chunk = chunk.subspan(take);
    if (body_.empty() && take == size_) {
        size_bytes_count_ = 0;
        return front;
    }
    append_bytes(body_, front);
    if (body_.size() < size_) return std::nullopt;
    size_bytes_count_ = 0;
    delivered_ = true;
    return ByteView(body_);
}

std::size_t FrameAssembler::missing() const {
    return size_bytes_count_ < sizeof size_bytes_ ? 0 : size_ - body_.size();
}

void start_frame(Writer& writer) {
    expect_equal(static_cast<std::int64_t>(writer.size()), 0, "a frame starts an empty writer");
    writer.put(std::int32_t{0});
}

void finish_frame(Writer& writer) {
    const std::size_t size = writer.size() - sizeof(std::int32_t);
    if (size > std::size_t{std::numeric_limits<std::int32_t>::max()})
        return writer.fail(Errc::kTooLarge);
    writer.patch_int32(0, static_cast<std::int32_t>(size));
}

}  // namespace millrace
