#include "core/storage/cleaned_segment.hpp"

#include "core/storage/log_segment.hpp"

namespace millrace {
namespace {

// What makes a write worth it, and what may gather in the page cache before the disk has it.
constexpr std::size_t kWriteBytes = 256 << 10;
constexpr std::uint64_t kUnsyncedMax = 8 << 20;

}  // namespace

std::string CleanedSegment::path(std::string_view suffix) const {
    return folder_ + "/" + segment_file_name(base_, suffix) + std::string(kCleanedSuffix);
}

Task<Result<void>> CleanedSegment::open() {
    const std::string file_path = path(".log");
    auto opened = co_await File::open(world_, file_path, OpenMode::kTruncate);
    if (!opened) co_return opened.error();
    file_ = std::move(*opened);
    co_return Result<void>();
}

Task<Result<void>> CleanedSegment::append(ByteView batches) {
    for (ByteView rest = batches; !rest.empty();) {
        const BatchMeta meta{RecordBatchView(rest)};
        index_.note(meta, written_ + pending_.size());
        append_bytes(pending_, rest.first(meta.size));
        rest = rest.subspan(meta.size);
    }
    if (pending_.size() < kWriteBytes) co_return Result<void>();
    co_return co_await write_pending();
}

Task<Result<void>> CleanedSegment::write_pending() {
    const auto written = co_await file_.write_small_at(written_, pending_);
    if (!written) co_return written;
    written_ += pending_.size();
    pending_.clear();
    if (written_ - synced_ < kUnsyncedMax) co_return Result<void>();
    synced_ = written_;
    co_return co_await file_.sync(SyncScope::kData);
}

Task<Result<void>> CleanedSegment::finish() {
    auto outcome = co_await write_all();
    const auto closed = co_await file_.close();
    if (outcome) outcome = closed;
    if (!outcome) co_return outcome;
    co_return co_await sync_folder(world_, folder_);
}

Task<Result<void>> CleanedSegment::write_all() {
    auto outcome = co_await write_pending();
    if (outcome) outcome = co_await file_.sync(SyncScope::kAll);
    index_.close(written_);
    auto offsets = index_.take_offsets(written_);
    auto timestamps = index_.take_timestamps(written_);
    if (outcome) outcome = co_await write_index(".index", std::move(offsets));
    if (outcome) outcome = co_await write_index(".timeindex", std::move(timestamps));
    co_return outcome;
}

/// Without entries too: a Java broker takes a segment that lacks the file for one to recover.
Task<Result<void>> CleanedSegment::write_index(std::string_view suffix,
                                               SegmentIndex::Addition addition) {
    const std::string file_path = path(suffix);
    auto file = co_await File::open(world_, file_path, OpenMode::kTruncate);
    if (!file) co_return file.error();
    auto outcome = co_await file->write_small_at(0, addition.bytes);
    if (outcome) outcome = co_await file->sync(SyncScope::kAll);
    const auto closed = co_await file->close();
    co_return outcome ? closed : outcome;
}

Task<> CleanedSegment::close() {
    if (file_.is_open()) (void)co_await file_.close();
}

Task<> CleanedSegment::abandon() {
    co_await close();
    for (const char* const suffix : {".index", ".timeindex", ".log"}) {
        const std::string file_path = path(suffix);
        (void)co_await remove_file(world_, file_path);
    }
}

}  // namespace millrace
