#include "core/storage/journal_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

/// One file, whole in memory.
struct Loaded {
    std::uint64_t number{};
    std::optional<JournalFileHeader> header;  // nothing when its block holds none
    AlignedBytes memory;

    ByteView frames() const { return ByteView(memory.bytes()).subspan(kJournalHeaderBytes); }
};

Task<Result<Loaded>> load_file(World& world, const JournalOptions& options, std::uint64_t number,
                               bool header_only) {
    Loaded loaded;
    loaded.number = number;
    const std::string path = options.folder + "/" + journal_file_name(options.index, number);
    auto file = co_await open_journal_file(world, path, OpenMode::kRead, options.direct);
    if (!file) co_return file.error();
    const auto size = co_await file->size();
    Result<void> outcome;
    if (!size) {
        outcome = size.error();
    } else {
        const auto whole = std::max<std::uint64_t>(round_up(*size, kJournalBlock), kJournalBlock);
        loaded.memory = AlignedBytes(header_only ? kJournalBlock : whole);
        loaded.memory.zero();
        // What is less than a block at the end is torn, and direct reads can't go on behind it.
        const auto readable =
            std::min<std::uint64_t>(round_down(*size, kJournalBlock), loaded.memory.bytes().size());
        const auto read = co_await file->read_some_at(0, loaded.memory.bytes().first(readable));
        if (!read) outcome = read.error();
    }
    const auto closed = co_await file->close();
    if (!outcome) co_return outcome.error();
    if (!closed) co_return closed.error();
    const auto header = decode_journal_header(ByteView(loaded.memory.bytes()).first(kJournalBlock));
    if (header) loaded.header = *header;
    co_return loaded;
}

/// Calls `on_frame` for the frames of one file, in order, up to `end` or the first that is not the
/// one expected there; returns where they end.
template <class OnFrame>
Lsn walk_frames(const Loaded& file, Lsn end, OnFrame on_frame) {
    const JournalFileHeader& header = *file.header;
    Lsn next = header.start;
    ByteView rest = file.frames();
    while (next < end) {
        const auto frame = parse_frame(rest, header.journal_id);
        if (!frame || frame->lsn != next || frame->life != header.life) break;
        on_frame(*frame);
        next += frame->size;
        if (frame->size >= rest.size()) break;
        rest = rest.subspan(frame->size);
    }
    return next;
}

/// The highest "on stable storage" that any frame at or behind `from` of the same journal tells.
Lsn highest_stable(ByteView blocks, std::uint64_t journal_id, Lsn from) {
    Lsn highest = 0;
    for (; blocks.size() >= kJournalBlock; blocks = blocks.subspan(kJournalBlock)) {
        const auto frame = parse_frame(blocks, journal_id);
        if (frame && frame->lsn >= from) highest = std::max(highest, frame->stable);
    }
    return highest;
}

constexpr Lsn kNoEnd = ~Lsn{0};

/// Gathers control entries until a whole checkpoint is there.
class Collector {
public:
    void on_append(const FrameView&, const AppendEntry&) {}
    void on_binding(const FrameView& frame, const BindingEntry& entry) {
        bindings_[{frame.life, entry.log}] = {entry.topic_id, std::string(entry.folder)};
    }
    void on_checkpoint(const FrameView& frame, const CheckpointEntry& entry) {
        pieces_[{frame.life, entry.begin}][entry.piece] = entry;
    }
    void on_closed(const FrameView& frame) { closed_at_ = frame.lsn + frame.size; }

    Lsn closed_at() const { return closed_at_; }

    /// The latest checkpoint of which no piece is missing.
    std::optional<Lsn> find_checkpoint(std::map<LogId, LogPosition>& ends) const {
        for (auto at = pieces_.rbegin(); at != pieces_.rend(); ++at) {
            const auto& pieces = at->second;
            const bool whole =
                pieces.rbegin()->second.last && pieces.rbegin()->first + 1 == pieces.size();
            if (!whole) continue;
            ends.clear();
            for (const auto& [number, piece] : pieces) {
                for (const CheckpointLine& line : piece.lines) ends[line.log] = line.end;
            }
            return at->first.second;
        }
        return std::nullopt;
    }

    std::map<LogId, BoundLog> bindings_of(std::uint32_t life) const {
        std::map<LogId, BoundLog> found;
        for (const auto& [key, bound] : bindings_) {
            if (key.first == life) found[key.second] = bound;
        }
        return found;
    }

private:
    std::map<std::pair<std::uint32_t, LogId>, BoundLog> bindings_;
    std::map<std::pair<std::uint32_t, Lsn>, std::map<std::uint32_t, CheckpointEntry>> pieces_;
    Lsn closed_at_{kNoEnd};
};

/// One scan from the newest file backwards, until a checkpoint is found.
class Scanner {
public:
    Scanner(World& world, Logger& logger, const JournalOptions& options)
        : world_(world), logger_(logger), options_(options) {}

    Task<Result<JournalScan>> run() {
        const auto listed = co_await list_headers();
        if (!listed) co_return listed.error();
        if (used_.empty()) co_return std::move(scan_);
        scan_.is_new = false;
        scan_.past.journal_id = used_.back().header->journal_id;
        scan_.past.life = used_.back().header->life;
        for (std::size_t i = used_.size(); i-- > 0;) {
            const bool newest = i + 1 == used_.size();
            const Lsn bound = newest ? kNoEnd : used_[i + 1].header->start;
            const auto scanned = co_await scan_file(used_[i].number, bound);
            if (!scanned) co_return scanned.error();
            // A closed journal needs nothing before its last frame, and may have lost it: its files
            // are removed oldest first.
            const bool closed = collector_.closed_at() == scan_.past.end;
            if (closed) co_return co_await finish(scan_.past.end, used_[i].header->life);
            const auto checkpoint = collector_.find_checkpoint(scan_.ends);
            const bool enough = checkpoint && *checkpoint >= used_[i].header->start;
            if (enough) co_return co_await finish(*checkpoint, used_[i].header->life);
        }
        // Without a checkpoint there is nothing to go by but the very beginning.
        if (used_.front().header->start != 0) co_return damaged("no whole checkpoint is there");
        co_return co_await finish(0, used_.front().header->life);
    }

private:
    Task<Result<void>> list_headers() {
        const auto entries = co_await list_folder(world_, options_.folder);
        if (!entries) co_return entries.error();
        for (const FolderEntry& entry : *entries) {
            const auto number = parse_journal_file_name(options_.index, entry.name);
            if (!number || entry.is_folder) continue;
            auto loaded = co_await load_file(world_, options_, *number, true);
            if (!loaded) co_return loaded.error();
            if (!loaded->header || loaded->header->sequence == 0) {
                // Prepared and never used, it is a spare again.
                if (!loaded->header) suspicious_.push_back(*number);
                scan_.past.files.emplace_back(*number,
                                              loaded->header.value_or(JournalFileHeader()));
            } else {
                used_.push_back(std::move(*loaded));
            }
        }
        std::sort(used_.begin(), used_.end(), [](const Loaded& left, const Loaded& right) {
            return left.header->sequence < right.header->sequence;
        });
        for (const Loaded& file : used_) scan_.past.files.emplace_back(file.number, *file.header);
        co_return Result<void>();
    }

    Task<Result<void>> scan_file(std::uint64_t number, Lsn bound) {
        const auto file = co_await load_file(world_, options_, number, false);
        if (!file) co_return file.error();
        Result<void> visited;
        const Lsn end = walk_frames(*file, bound, [&](const FrameView& frame) {
            const auto each = visit_entries(frame, collector_);
            if (!each) visited = each;
        });
        if (!visited) co_return visited;
        if (bound != kNoEnd) {
            if (end < bound) co_return damaged("a frame in the middle is missing");
            co_return Result<void>();
        }
        scan_.past.end = end;
        const std::size_t read = end - file->header->start;
        const ByteView behind = file->frames().subspan(std::min(read, file->frames().size()));
        co_return check_behind(behind);
    }

    /// A torn end is nothing to worry about, unless a later frame knew that more was durable.
    Result<void> check_behind(ByteView blocks) {
        const Lsn end = scan_.past.end;
        if (highest_stable(blocks, scan_.past.journal_id, end) <= end) return {};
        return damaged("frames that were on stable storage are gone");
    }

    Task<Result<JournalScan>> finish(Lsn replay_from, std::uint32_t life) {
        for (const std::uint64_t number : suspicious_) {
            const auto file = co_await load_file(world_, options_, number, false);
            if (!file) co_return file.error();
            const auto checked = check_behind(file->frames());
            if (!checked) co_return checked.error();
        }
        scan_.replay_from = replay_from;
        scan_.bindings = collector_.bindings_of(life);
        scan_.closed = collector_.closed_at() == scan_.past.end;
        co_return std::move(scan_);
    }

    Error damaged(const char* what) {
        logger_.error("the journal is damaged: restore the directory from a replica or a backup",
                      {{"log_dir", options_.folder}, {"what", what}, {"end", scan_.past.end}});
        return Errc::kDamaged;
    }

    World& world_;
    Logger& logger_;
    const JournalOptions& options_;
    JournalScan scan_;
    std::vector<Loaded> used_;
    std::vector<std::uint64_t> suspicious_;
    Collector collector_;
};

/// Hands the append entries of a replay on.
struct AppendVisitor {
    const std::function<void(const AppendEntry&)>& on_append_entry;

    void on_append(const FrameView&, const AppendEntry& entry) { on_append_entry(entry); }
    void on_binding(const FrameView&, const BindingEntry&) {}
    void on_checkpoint(const FrameView&, const CheckpointEntry&) {}
    void on_closed(const FrameView&) {}
};

}  // namespace

Task<Result<JournalScan>> scan_journal(World& world, Logger& logger, JournalOptions options) {
    Scanner scanner(world, logger, options);
    co_return co_await scanner.run();
}

Task<Result<void>> make_scanned_stable(World& world, JournalOptions options,
                                       const JournalScan& scan) {
    for (const auto& [number, header] : scan.past.files) {
        if (header.sequence == 0) continue;
        const std::string path = options.folder + "/" + journal_file_name(options.index, number);
        auto file = co_await open_journal_file(world, path, OpenMode::kReadWrite, options.direct);
        if (!file) co_return file.error();
        auto outcome = co_await file->sync(SyncScope::kData);
        const auto closed = co_await file->close();
        if (outcome) outcome = closed;
        if (!outcome) co_return outcome;
    }
    co_return Result<void>();
}

Task<Result<void>> replay_journal(World& world, JournalOptions options, const JournalScan& scan,
                                  std::function<void(const AppendEntry&)> on_append,
                                  std::function<Task<Result<void>>()> on_frame) {
    AppendVisitor visitor{on_append};
    const auto& files = scan.past.files;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (files[i].second.sequence == 0) continue;
        const Lsn end = i + 1 < files.size() ? files[i + 1].second.start : scan.past.end;
        if (end <= scan.replay_from) continue;
        const auto file = co_await load_file(world, options, files[i].first, false);
        if (!file) co_return file.error();
        ByteView rest = file->frames();
        Lsn next = files[i].second.start;
        while (next < end) {
            const auto frame = parse_frame(rest, scan.past.journal_id);
            if (!frame || frame->lsn != next) co_return Errc::kDamaged;
            if (frame->lsn >= scan.replay_from) {
                const auto visited = visit_entries(*frame, visitor);
                if (!visited) co_return visited;
                const auto handled = co_await on_frame();
                if (!handled) co_return handled;
            }
            next += frame->size;
            rest = rest.subspan(std::min(frame->size, rest.size()));
        }
    }
    co_return Result<void>();
}

}  // namespace millrace
