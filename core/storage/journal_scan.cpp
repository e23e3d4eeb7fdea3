#include "core/storage/journal_scan.hpp"

#include "core/storage/journal_reader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace millrace {
namespace {

// What is read first of the newest file: a journal that was closed soon ends there.
constexpr std::uint64_t kFrontBytes = 256 << 10;

/// Gathers control entries until a whole checkpoint is there.
class Collector {
public:
    void on_append(const FrameView& frame, const AppendEntry&) { note_life(frame); }
    void on_binding(const FrameView& frame, const BindingEntry& entry) {
        note_life(frame);
        bindings_[{frame.life, entry.log}] = {entry.topic_id, std::string(entry.folder)};
    }
    void on_checkpoint(const FrameView& frame, const CheckpointEntry& entry) {
        note_life(frame);
        pieces_[{frame.life, entry.begin}][entry.piece] = entry;
    }
    void on_log_start(const FrameView& frame, const LogStartEntry& entry) {
        note_life(frame);
        LogStart& start = starts_[{frame.life, entry.log}];
        start.start = std::max(start.start, entry.start.start);
        start.segment_base = std::max(start.segment_base, entry.start.segment_base);
    }
    void on_closed(const FrameView& frame) { closed_at_ = frame.lsn + frame.size; }

    Lsn closed_at() const { return closed_at_; }
    /// The latest life that has frames.
    std::uint32_t life() const { return life_; }

    /// The life's latest checkpoint of which no piece is missing.
    std::optional<Lsn> find_checkpoint(std::map<LogId, LogPosition>& ends) const {
        for (auto at = pieces_.rbegin(); at != pieces_.rend(); ++at) {
            if (at->first.first != life_) break;
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

    std::map<LogId, BoundLog> bindings_of_life() const {
        std::map<LogId, BoundLog> found;
        for (const auto& [key, bound] : bindings_) {
            if (key.first == life_) found[key.second] = bound;
        }
        return found;
    }

    std::map<LogId, LogStart> starts_of_life() const {
        std::map<LogId, LogStart> found;
        for (const auto& [key, start] : starts_) {
            if (key.first == life_) found[key.second] = start;
        }
        return found;
    }

    std::map<LogId, Offset> named_ends_of_life() const {
        std::map<LogId, Offset> found;
        for (const auto& [key, pieces] : pieces_) {
            if (key.first != life_) continue;
            for (const auto& [number, piece] : pieces) {
                for (const CheckpointLine& line : piece.lines) {
                    Offset& end = found[line.log];
                    end = std::max(end, line.end.next_offset);
                }
            }
        }
        return found;
    }

private:
    void note_life(const FrameView& frame) { life_ = std::max(life_, frame.life); }

    std::map<std::pair<std::uint32_t, LogId>, BoundLog> bindings_;
    std::map<std::pair<std::uint32_t, Lsn>, std::map<std::uint32_t, CheckpointEntry>> pieces_;
    std::map<std::pair<std::uint32_t, LogId>, LogStart> starts_;
    Lsn closed_at_{kNoLsn};
    std::uint32_t life_{};
};

/// One scan from the newest file backwards, until a checkpoint is found.
class Scanner {
public:
    Scanner(World& world, const JournalOptions& options) : world_(world), options_(options) {}

    Task<Result<JournalScan>> run() {
        auto read = co_await list_headers();
        if (read) read = co_await read_suspicious();
        if (!read) co_return read.error();
        if (used_.empty()) co_return std::move(scan_);
        scan_.is_new = false;
        scan_.past.life = used_.back().header.life;
        for (std::size_t i = used_.size(); i-- > 0;) {
            const auto scanned = co_await scan_file(i);
            if (!scanned) co_return scanned.error();
            const auto begin = find_begin(used_[i].header);
            if (begin) co_return finish(i, *begin);
        }
        // Without a checkpoint there is nothing to go by but the frames that are there.
        const File& front = used_.front();
        note_damage("no whole checkpoint", front, 0, front.header.start);
        co_return finish(0, front.header.start);
    }

private:
    struct File {
        std::uint64_t number;
        JournalFileHeader header;
        bool inferred;
    };

    Task<Result<void>> list_headers() {
        const auto entries = co_await list_folder(world_, options_.folder);
        if (!entries) co_return entries.error();
        for (const FolderEntry& entry : *entries) {
            const auto number = parse_journal_file_name(options_.index, entry.name);
            if (!number || entry.is_folder) continue;
            const auto loaded =
                co_await load_journal_file(world_, options_, *number, kJournalBlock);
            if (!loaded) co_return loaded.error();
            if (!loaded->header || loaded->header->sequence == 0) {
                // Prepared and never used, it is a spare again.
                if (!loaded->header) suspicious_.push_back(*number);
                scan_.past.files.emplace_back(*number,
                                              loaded->header.value_or(JournalFileHeader()));
            } else {
                used_.push_back({*number, *loaded->header, false});
            }
        }
        sort_used();
        for (const File& file : used_) scan_.past.files.emplace_back(file.number, file.header);
        if (!used_.empty()) scan_.past.journal_id = used_.back().header.journal_id;
        co_return Result<void>();
    }

    /// Lives follow each other, and in a life the files' starts.
    void sort_used() {
        std::sort(used_.begin(), used_.end(), [](const File& left, const File& right) {
            return std::tuple(left.header.life, left.header.start, left.header.sequence) <
                   std::tuple(right.header.life, right.header.start, right.header.sequence);
        });
    }

    /// A file without a header is one whose making a crash cut short, with nothing but zeros in it,
    /// or its header is rotten.
    Task<Result<void>> read_suspicious() {
        const bool none_used = used_.empty();
        for (const std::uint64_t number : suspicious_) {
            const auto file = co_await load_journal_file(world_, options_, number, kWholeFile);
            if (!file) co_return file.error();
            if (none_used && !is_all_zero(file->frames())) {
                // Without the journal's id no frame can be told from what looks like one.
                scan_.is_new = false;
                note_damage("no file has a header", {number, {}, false}, 0, kNoLsn);
                co_return Result<void>();
            }
            if (none_used) continue;
            const auto header = infer_journal_header(file->frames(), scan_.past.journal_id);
            if (header) used_.push_back({number, *header, true});
        }
        sort_used();
        co_return Result<void>();
    }

    Task<Result<void>> scan_file(std::size_t i) {
        const File& file = used_[i];
        const bool newest = i + 1 == used_.size();
        const auto loaded = co_await load_used(file, newest);
        if (!loaded) co_return loaded.error();
        const Lsn bound = newest ? kNoLsn : used_[i + 1].header.start;
        std::vector<FrameView> frames;
        JournalFrames reader(loaded->frames(), file.header, bound);
        while (const auto frame = reader.next()) frames.push_back(*frame);
        const auto visited = visit_frames(file, frames, newest ? highest_stable(frames) : bound);
        if (!visited) co_return visited.error();
        if (newest) scan_.past.end = *visited;
        if (!newest && *visited < bound) {
            const bool next_is_there = used_[i + 1].header.sequence == file.header.sequence + 1;
            const bool known = next_is_there || file.inferred || used_[i + 1].inferred;
            note_damage(known ? "frames" : "frames, and files behind this one", file, *visited,
                        bound);
        }
        if (file.inferred) {
            note_damage("the header of a file", file, file.header.start, file.header.start);
        }
        co_return Result<void>();
    }

    /// Nothing of this life lies behind a frame that closes it: of a closed journal, the front will
    /// do.
    Task<Result<LoadedJournal>> load_used(const File& file, bool newest) {
        if (newest) {
            auto front = co_await load_journal_file(world_, options_, file.number, kFrontBytes);
            if (!front || ends_closed(*front, file.header)) co_return front;
        }
        co_return co_await load_journal_file(world_, options_, file.number, kWholeFile);
    }

    static bool ends_closed(const LoadedJournal& front, const JournalFileHeader& header) {
        Collector collector;
        Lsn end = header.start;
        JournalFrames reader(front.frames(), header, kNoLsn);
        while (const auto frame = reader.next()) {
            if (frame->lsn != end || !visit_entries(*frame, collector)) return false;
            end = frame->lsn + frame->size;
        }
        return collector.closed_at() == end;
    }

    static Lsn highest_stable(const std::vector<FrameView>& frames) {
        Lsn highest = 0;
        for (const FrameView& frame : frames) highest = std::max(highest, frame.stable);
        return highest;
    }

    /// Returns where the frames end. A gap at or behind `promised` is a torn end, and nothing to
    /// worry about; one before it is damage.
    Result<Lsn> visit_frames(const File& file, const std::vector<FrameView>& frames, Lsn promised) {
        Lsn end = file.header.start;
        for (const FrameView& frame : frames) {
            if (frame.lsn > end && end >= promised) break;
            if (frame.lsn > end) note_damage("frames", file, end, frame.lsn);
            const auto visited = visit_entries(frame, collector_);
            if (!visited) return visited.error();
            end = frame.lsn + frame.size;
        }
        return end;
    }

    /// Where a replay begins, if this file, the oldest that was read so far, tells.
    std::optional<Lsn> find_begin(const JournalFileHeader& header) {
        // A closed journal needs nothing before its last frame, and may have lost it: its files
        // are removed oldest first.
        if (collector_.closed_at() == scan_.past.end) return scan_.past.end;
        const auto checkpoint = collector_.find_checkpoint(scan_.ends);
        if (checkpoint && *checkpoint >= header.start) return checkpoint;
        // Whatever was before a life was closed when it began.
        scan_.ends.clear();
        const bool is_life = header.life == collector_.life() || header.start == 0;
        const bool begins_life =
            is_life && header.sequence != 0 && header.former_end == header.start;
        if (begins_life) return header.start;
        return std::nullopt;
    }

    JournalScan finish(std::size_t first, Lsn replay_from) {
        scan_.replay_from = replay_from;
        scan_.past.replay_from = replay_from;
        scan_.life = collector_.life();
        for (std::size_t i = first; i < used_.size(); ++i) {
            scan_.row.emplace_back(used_[i].number, used_[i].header);
        }
        scan_.bindings = collector_.bindings_of_life();
        scan_.starts = collector_.starts_of_life();
        scan_.named_ends = collector_.named_ends_of_life();
        scan_.closed = collector_.closed_at() == scan_.past.end;
        if (scan_.closed) scan_.damage.clear();
        return std::move(scan_);
    }

    void note_damage(std::string what, const File& file, Lsn from, Lsn to) {
        const bool inside = from >= file.header.start && to != kNoLsn;
        const std::uint64_t offset =
            inside && to > from ? kJournalHeaderBytes + from - file.header.start : 0;
        scan_.damage.push_back(
            {std::move(what), journal_file_name(options_.index, file.number), offset, from, to});
    }

    World& world_;
    const JournalOptions& options_;
    JournalScan scan_;
    std::vector<File> used_;
    std::vector<std::uint64_t> suspicious_;
    Collector collector_;
};

void tell_damage(Logger& logger, const JournalOptions& options, const JournalScan& scan) {
    for (const JournalDamage& each : scan.damage) {
        logger.error("the journal is damaged", {{"log_dir", options.folder},
                                                {"missing", each.what},
                                                {"file", each.file},
                                                {"offset", each.offset},
                                                {"from_lsn", each.from},
                                                {"to_lsn", each.to}});
    }
}

}  // namespace

Lsn JournalScan::last_hole_end() const {
    Lsn last = 0;
    for (const JournalDamage& each : damage) {
        if (each.to > each.from && each.to > replay_from) last = std::max(last, each.to);
    }
    return last;
}

Task<Result<JournalScan>> scan_journal(World& world, Logger& logger, JournalOptions options) {
    Scanner scanner(world, options);
    auto scan = co_await scanner.run();
    if (scan) tell_damage(logger, options, *scan);
    co_return scan;
}

}  // namespace millrace
