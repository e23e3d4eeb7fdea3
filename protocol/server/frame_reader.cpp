#include "protocol/server/frame_reader.hpp"

#include <algorithm>
#include <cstring>

namespace millrace {

namespace {
constexpr std::size_t kSizeFieldBytes = 4;
// What a frame may receive next: as much as it has received already, within these bounds.
constexpr std::size_t kStepBytesMin = 64 << 10;
constexpr std::size_t kStepBytesMax = 1 << 20;
}  // namespace

Task<Result<Frame>> FrameReader::next() {
    const auto filled = co_await fill_inbox(kSizeFieldBytes);
    if (!filled) co_return filled.error();
    const auto declared = load_be<std::int32_t>(inbox_.get() + begin_);
    if (declared < 0) co_return Errc::kMalformed;
    if (declared > frame_bytes_max_) co_return Errc::kTooLarge;
    begin_ += kSizeFieldBytes;

    Frame frame(static_cast<std::size_t>(declared), budget_);
    const MutableBytes body = frame.bytes();
    const auto room =
        co_await frame.share_.take(static_cast<std::int64_t>(std::min(body.size(), kStepBytesMin)));
    if (!room) co_return room.error();
    const std::size_t at_hand = std::min(body.size(), end_ - begin_);
    std::copy_n(inbox_.get() + begin_, at_hand, body.data());
    begin_ += at_hand;
    const auto rest = co_await receive_rest(frame, at_hand);
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

Task<Result<void>> FrameReader::receive_rest(Frame& frame, std::size_t received) {
    const MutableBytes body = frame.bytes();
    while (received < body.size()) {
        auto room = static_cast<std::size_t>(frame.share_.held());
        if (received == room) {
            const std::size_t wanted = std::min(std::clamp(received, kStepBytesMin, kStepBytesMax),
                                                body.size() - received);
            const auto taken = co_await frame.share_.take(static_cast<std::int64_t>(wanted));
            if (!taken) co_return taken.error();
            room += wanted;
        }
        const auto count = co_await stream_.receive_some(body.subspan(received, room - received));
        if (!count) co_return count.error();
        received_ += *count;
        received += *count;
    }
    co_return Result<void>();
}

}  // namespace millrace
