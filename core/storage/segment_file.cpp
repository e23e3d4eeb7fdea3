#include "core/storage/segment_file.hpp"

#include "core/runtime/slices.hpp"
#include "core/storage/ballast.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::uint64_t kFirstStep = 64 << 10;
constexpr std::uint64_t kStepMax = 64 << 20;
constexpr std::uint64_t kLarge = 1 << 20;

}  // namespace

Task<Result<void>> SegmentFile::open(OpenMode mode) {
    auto opened = co_await File::open(world_, path_, mode);
    if (!opened) co_return opened.error();
    plain_ = std::make_shared<SharedFile>(world_, std::move(*opened));
    const auto size = co_await plain_->file().size();
    if (!size) co_return size.error();
    allocated_ = *size;
    written_ = round_up(*size, kBlockBytes);
    co_return Result<void>();
}

Task<Result<void>> SegmentFile::grow(std::uint64_t size, bool ahead) {
    if (engine_ == SegmentEngine::kPageCache) co_return Result<void>();
    if (!direct_.is_open()) {
        auto opened = co_await File::open_direct(world_, path_, OpenMode::kReadWrite);
        if (!opened) co_return opened.error();
        direct_ = std::move(*opened);
    }
    const std::uint64_t wanted = round_up(size, kBlockBytes);
    if (wanted <= allocated_) co_return Result<void>();
    // Steps that grow with the file keep quiet partitions small and busy ones at few calls, each of
    // which sends the write behind it off the ring thread, too: fourfold at first, then twofold,
    // lest thousands of busy ones hold a disk for nothing. A segment is never longer than it may
    // become.
    const std::uint64_t more = allocated_ < kLarge ? allocated_ * 3 : allocated_;
    const std::uint64_t step = std::clamp(more, kFirstStep, kStepMax);
    const std::uint64_t most = std::max(wanted, round_up(bytes_max_, kBlockBytes));
    std::uint64_t target = wanted;
    if (ahead) target = std::min(std::max(wanted, round_up(allocated_ + step, kBlockBytes)), most);
    longer_ = true;
    auto grown = co_await direct_.allocate(allocated_, target - allocated_);
    if (!grown && is_full(grown.error()) && target > wanted) {
        target = wanted;
        grown = co_await direct_.allocate(allocated_, target - allocated_);
    }
    if (grown) allocated_ = target;
    co_return grown;
}

Task<Result<void>> SegmentFile::write(std::uint64_t position, std::vector<iovec> blocks,
                                      ByteView rest) {
    if (!rest.empty()) {
        blocks.push_back({const_cast<std::byte*>(rest.data()), rest.size()});
    }
    std::uint64_t end = position;
    for (const iovec& each : blocks) end += each.iov_len;
    Result<void> written;
    if (engine_ == SegmentEngine::kDirectIo) {
        written = co_await write_direct(position, blocks);
    } else {
        written = co_await plain_->file().write_all_at(position, blocks);
    }
    if (written) {
        allocated_ = std::max(allocated_, end);
        written_ = std::max(written_, round_up(end, kBlockBytes));
    }
    // Not before: a sync that runs beside the write doesn't cover it.
    unsynced_ = true;
    co_return written;
}

/// What is written anew goes by itself: a write that covers blocks with data and blocks without is
/// handed to a kernel worker (ext4_overwrite_io, and XFS when it mustn't wait).
Task<Result<void>> SegmentFile::write_direct(std::uint64_t position, std::span<iovec> slices) {
    const std::uint64_t before = written_ - std::min(written_, position);
    const std::size_t again = std::min<std::uint64_t>(before, slices.front().iov_len);
    if (again > 0) {
        iovec first{slices.front().iov_base, again};
        const auto written = co_await direct_.write_all_at(position, std::span(&first, 1));
        if (!written) co_return written;
    }
    co_return co_await direct_.write_all_at(position + again, drop_front(slices, again));
}

Task<Result<void>> SegmentFile::trim(std::uint64_t size) {
    if (allocated_ == size && !longer_) co_return Result<void>();
    // Before: what is appended meanwhile must not count on what goes.
    allocated_ = size;
    written_ = round_up(size, kBlockBytes);
    const auto cut = co_await plain_->file().truncate(size);
    unsynced_ = true;
    if (!cut) co_return cut;
    longer_ = false;
    co_return Result<void>();
}

Task<Result<void>> SegmentFile::sync() {
    if (!unsynced_) co_return Result<void>();
    // What is written while the sync runs is not covered by it.
    unsynced_ = false;
    const auto synced = co_await plain_->file().sync(SyncScope::kData);
    if (!synced) unsynced_ = true;
    co_return synced;
}

Task<Result<void>> SegmentFile::seal() {
    sealed_ = true;
    // The last of its readers closes it otherwise.
    if (!direct_.is_open() || readers_ > 0) co_return Result<void>();
    co_return co_await direct_.close();
}

Task<Result<void>> SegmentFile::close() {
    Result<void> outcome;
    if (direct_.is_open()) outcome = co_await direct_.close();
    const auto last = std::exchange(plain_, nullptr);
    if (last == nullptr) co_return outcome;
    last->retire();
    if (last.use_count() > 1) co_return outcome;
    const auto closed = co_await last->file().close();
    co_return outcome ? closed : outcome;
}

Task<Result<std::size_t>> SegmentFile::read_blocks(std::uint64_t position, MutableBytes into) {
    // A page that was cached beside direct writes may be stale, so nothing is cached while there
    // are any.
    if (!direct_.is_open()) co_return co_await plain_->file().read_some_at(position, into);
    ++readers_;
    const auto count = co_await direct_.read_some_at(position, into);
    --readers_;
    if (sealed_ && readers_ == 0 && direct_.is_open()) (void)co_await direct_.close();
    co_return count;
}

}  // namespace millrace
