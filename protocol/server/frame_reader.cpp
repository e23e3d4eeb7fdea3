#include "protocol/server/frame_reader.hpp"

#include <algorithm>
#include <array>

namespace millrace {

namespace {
constexpr std::size_t kSizeFieldBytes = 4;
// What a frame may receive next: as much as it has received already, within these bounds.
constexpr std::size_t kStepBytesMin = 64 << 10;
constexpr std::size_t kStepBytesMax = 1 << 20;
// From here on a call more costs less than what would be received elsewhere first, and copied.
constexpr std::int32_t kLargeBytes = 64 << 10;
}  // namespace

Task<Result<Frame>> FrameReader::next() {
    std::array<std::byte, kSizeFieldBytes> size{};
    const std::size_t size_at_hand = take_received(size);
    if (size_at_hand < size.size()) {
        const MutableBytes rest = MutableBytes(size).subspan(size_at_hand);
        Result<void> filled;
        if (after_large_) {
            filled = co_await receive_all(rest);
        } else {
            filled = co_await fill(rest);
        }
        if (!filled) co_return filled.error();
    }
    const auto declared = load_be<std::int32_t>(size.data());
    after_large_ = declared >= kLargeBytes;
    if (declared < 0) co_return Errc::kMalformed;
    if (declared > frame_bytes_max_) co_return Errc::kTooLarge;

    Frame frame(static_cast<std::size_t>(declared), budget_);
    const MutableBytes body = frame.bytes();
    const auto first_step = static_cast<std::int64_t>(std::min(body.size(), kStepBytesMin));
    if (!frame.share_.try_take(first_step)) {
        const auto room = co_await frame.share_.take(first_step);
        if (!room) co_return room.error();
    }
    const std::size_t at_hand = take_received(body);
    if (at_hand < body.size()) {
        const auto rest = co_await receive_rest(frame, at_hand);
        if (!rest) co_return rest.error();
    }
    co_return frame;
}

Task<Result<void>> FrameReader::fill(MutableBytes into) {
    for (;;) {
        into = into.subspan(take_received(into));
        if (into.empty()) co_return Result<void>();
        auto received = co_await stream_.receive();
        if (!received) co_return received.error();
        inbox_ = std::move(*received);
        received_ += inbox_.left().size();
    }
}

/// Nothing beyond it is received.
Task<Result<void>> FrameReader::receive_all(MutableBytes into) {
    while (!into.empty()) {
        const auto count = co_await stream_.receive_some(into);
        if (!count) co_return count.error();
        received_ += *count;
        into = into.subspan(*count);
    }
    co_return Result<void>();
}

std::size_t FrameReader::take_received(MutableBytes into) {
    const std::size_t count = inbox_.take_out(into);
    // Nothing is held while the next bytes are waited for.
    if (inbox_.left().empty()) inbox_ = Received();
    return count;
}

Received FrameReader::take_rest() {
    const std::size_t size = inbox_.left().size();
    if (size == 0) return {};
    auto own = std::make_unique_for_overwrite<std::byte[]>(size);
    take_received(MutableBytes(own.get(), size));
    return {std::move(own), size};
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
