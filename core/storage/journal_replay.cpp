#include "core/storage/journal_replay.hpp"

#include "core/storage/journal_reader.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

/// Bytes whose sync has failed once read as if the disk held them, and a sync passes them over.
Task<Result<void>> write_again(File& file) {
    const auto size = co_await file.size();
    if (!size) co_return size.error();
    Bytes piece(1 << 20);
    for (std::uint64_t at = 0; at < *size;) {
        const auto count = co_await file.read_some_at(at, piece);
        if (!count) co_return count.error();
        if (*count == 0) co_return system_error(EIO);
        const auto written = co_await file.write_at(at, ByteView(piece).first(*count));
        if (!written) co_return written;
        at += *count;
    }
    co_return Result<void>();
}

/// Hands the append entries of a replay on.
struct AppendVisitor {
    const std::function<void(Lsn, const AppendEntry&)>& on_append_entry;

    void on_append(const FrameView& frame, const AppendEntry& entry) {
        on_append_entry(frame.lsn, entry);
    }
    void on_binding(const FrameView&, const BindingEntry&) {}
    void on_checkpoint(const FrameView&, const CheckpointEntry&) {}
    void on_log_start(const FrameView&, const LogStartEntry&) {}
    void on_closed(const FrameView&) {}
};

}  // namespace

Task<Result<void>> make_scanned_stable(World& world, JournalOptions options,
                                       const JournalScan& scan) {
    for (const auto& [number, header] : scan.row) {
        const std::string path = options.folder + "/" + journal_file_name(options.index, number);
        auto file = co_await open_journal_file(world, path, OpenMode::kReadWrite, options.direct);
        if (!file) co_return file.error();
        Result<void> outcome;
        // Those before the last were synced when the next was begun.
        const bool last = number == scan.row.back().first;
        if (last && !options.direct) outcome = co_await write_again(*file);
        if (outcome) outcome = co_await file->sync(SyncScope::kData);
        const auto closed = co_await file->close();
        if (outcome) outcome = closed;
        if (!outcome) co_return outcome;
    }
    co_return Result<void>();
}

Task<Result<void>> replay_journal(World& world, JournalOptions options, const JournalScan& scan,
                                  std::function<void(Lsn, const AppendEntry&)> on_append,
                                  std::function<Task<Result<void>>()> on_frame) {
    AppendVisitor visitor{on_append};
    for (std::size_t i = 0; i < scan.row.size(); ++i) {
        const JournalFileHeader& header = scan.row[i].second;
        const Lsn end = i + 1 < scan.row.size() ? scan.row[i + 1].second.start : scan.past.end;
        if (end <= scan.replay_from || header.life != scan.life) continue;
        const auto file = co_await load_journal_file(world, options, scan.row[i].first, kWholeFile);
        if (!file) co_return file.error();
        JournalFrames reader(file->frames(), header, end);
        Lsn next = header.start;
        while (const auto frame = reader.next()) {
            if (frame->lsn != next && scan.damage.empty()) co_return Errc::kDamaged;
            next = frame->lsn + frame->size;
            if (frame->lsn < scan.replay_from) continue;
            const auto visited = visit_entries(*frame, visitor);
            if (!visited) co_return visited;
            const auto handled = co_await on_frame();
            if (!handled) co_return handled;
        }
        if (next < end && scan.damage.empty()) co_return Errc::kDamaged;
    }
    co_return Result<void>();
}

}  // namespace millrace
