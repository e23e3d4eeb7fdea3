#include "core/runtime/shared_file.hpp"

#include <algorithm>

namespace millrace {
namespace {

// Behind what a response needs: about the next one.
constexpr std::uint64_t kAheadBytes = 1 << 20;
// The kernel cuts larger wishes on devices with a small readahead.
constexpr std::uint64_t kWishBytes = 512 << 10;
// What one shard's readers may have asked for and not sent yet.
constexpr std::int64_t kAheadBytesOfAll = 64 << 20;
// Who asks for nothing more for so long has stopped reading.
constexpr Duration kIdle = std::chrono::seconds(10);

}  // namespace

SharedFile::~SharedFile() {
    const std::int32_t handle = file_.release();
    if (handle >= 0 && !world_.ending()) world_.close_unheard(handle);
}

Task<SharedFile::Reader*> SharedFile::enter(std::uint64_t offset, std::uint64_t end) {
    forget_idle(world_.now() - kIdle);
    auto found = std::find_if(readers_.begin(), readers_.end(), [offset](const Reader& each) {
        return !each.sending && each.position == offset;
    });
    if (found == readers_.end()) {
        found = readers_.insert(readers_.end(), {offset, offset, world_.now(), true, false});
    }
    Reader* const reader = &*found;
    reader->sending = true;
    co_await read_ahead(*reader, offset, end);
    co_return reader;
}

Task<Result<void>> SharedFile::bring_in(Reader* reader, std::uint64_t offset, std::uint64_t end) {
    world_.metrics().delivery.not_resident.add();
    reader->cold = true;
    co_await read_ahead(*reader, offset, end);
    std::byte first{};
    co_return co_await file_.read_at(offset, {&first, 1});
}

Task<> SharedFile::read_ahead(Reader& reader, std::uint64_t offset, std::uint64_t end) {
    if (!reader.cold) co_return;
    move(reader, offset);
    DeliveryMetrics& delivery = world_.metrics().delivery;
    const std::uint64_t wanted = end + kAheadBytes;
    for (std::uint64_t from = std::max(reader.ahead, offset);
         from < wanted && delivery.ahead.value < kAheadBytesOfAll; from = reader.ahead) {
        const std::uint64_t size = std::min(wanted - from, kWishBytes);
        cached_from_ = caches_ ? std::min(cached_from_, from) : from;
        caches_ = true;
        delivery.ahead.add(static_cast<std::int64_t>(from + size - std::max(reader.ahead, offset)));
        reader.ahead = from + size;
        (void)co_await perform(
            world_,
            {.kind = IoKind::kReadAhead, .handle = file_.handle(), .offset = from, .size = size});
    }
}

/// Keeps the shard's sum of what is asked for and not sent.
void SharedFile::move(Reader& reader, std::uint64_t position) {
    const auto open = [](const Reader& each) {
        return static_cast<std::int64_t>(each.ahead - std::min(each.ahead, each.position));
    };
    const std::int64_t before = open(reader);
    reader.position = position;
    world_.metrics().delivery.ahead.add(open(reader) - before);
}

void SharedFile::forget_idle(Time seen_before) {
    for (auto at = readers_.begin(); at != readers_.end();) {
        const bool idle = !at->sending && at->seen < seen_before;
        if (idle) move(*at, std::max(at->position, at->ahead));
        at = idle ? readers_.erase(at) : std::next(at);
    }
}

void SharedFile::retire() {
    retired_ = true;
    forget_idle(kNever);
}

Task<> SharedFile::leave(Reader* reader, std::uint64_t position) {
    move(*reader, position);
    reader->seen = world_.now();
    reader->sending = false;
    forget_idle(retired_ ? kNever : world_.now() - kIdle);
    if (!caches_) co_return;
    std::uint64_t wanted = position;
    for (const Reader& each : readers_) wanted = std::min(wanted, each.position);
    wanted = wanted / kBlockBytes * kBlockBytes;
    if (wanted <= cached_from_) co_return;
    const std::uint64_t from = std::exchange(cached_from_, wanted);
    (void)co_await perform(
        world_,
        {.kind = IoKind::kForget, .handle = file_.handle(), .offset = from, .size = wanted - from});
}

}  // namespace millrace
