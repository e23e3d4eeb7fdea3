#include "protocol/server/frame_reader.hpp"

#include <algorithm>
#include <cstring>

namespace millrace {

namespace {
constexpr std::size_t kSizeFieldBytes = 4;
}

Task<Result<Frame>> FrameReader::next() {
    const auto filled = co_await fill_inbox(kSizeFieldBytes);
    if (!filled) co_return filled.error();
    const auto declared = load_be<std::int32_t>(inbox_.get() + begin_);
    if (declared < 0) co_return Errc::kMalformed;
    if (declared > frame_bytes_max_) co_return Errc::kTooLarge;
    begin_ += kSizeFieldBytes;

    const auto room = co_await budget_.acquire(declared);
    if (!room) co_return room.error();
    Frame frame(static_cast<std::size_t>(declared), budget_);
    const MutableBytes body = frame.bytes();
    const std::size_t at_hand = std::min(body.size(), end_ - begin_);
    std::copy_n(inbox_.get() + begin_, at_hand, body.data());
    begin_ += at_hand;
    const auto rest = co_await receive_rest(body.subspan(at_hand));
    if (!rest) co_return rest.error();
    co_return frame;
}

Task<Result<void>> FrameReader::fill_inbox(std::size_t wanted) {
    if (end_ - begin_ < wanted && begin_ > 0) {
        std::memmove(inbox_.get(), inbox_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ - begin_ < wanted) {
        const MutableBytes room(inbox_.get() + end_, kInboxBytes - end_);
        const auto count = co_await stream_.receive_some(room);
        if (!count) co_return count.error();
        received_ += *count;
        end_ += *count;
    }
    co_return Result<void>();
}

Task<Result<void>> FrameReader::receive_rest(MutableBytes into) {
    while (!into.empty()) {
        const auto count = co_await stream_.receive_some(into);
        if (!count) co_return count.error();
        received_ += *count;
        into = into.subspan(*count);
    }
    co_return Result<void>();
}

}  // namespace millrace
