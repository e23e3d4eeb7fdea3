#include "core/storage/log_producers.hpp"

#include "core/base/parse.hpp"
#include "core/storage/log_segment.hpp"
#include "core/storage/producer_snapshot.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

constexpr std::string_view kSuffix = ".snapshot";
constexpr std::size_t kOffsetDigits = 20;

}  // namespace

std::optional<Offset> snapshot_offset(const FolderEntry& entry) {
    const std::string_view name = entry.name;
    const bool fits = !entry.is_folder && name.size() == kOffsetDigits + kSuffix.size() &&
                      name.ends_with(kSuffix);
    if (!fits) return std::nullopt;
    const auto offset = parse_number<std::int64_t>(name.substr(0, kOffsetDigits));
    return offset && *offset >= 0 ? std::optional(Offset{*offset}) : std::nullopt;
}

std::string LogProducers::path(Offset offset) const {
    return folder_ + "/" + segment_file_name(offset, kSuffix);
}

bool LogProducers::covers(const RecordBatchView& batch) const {
    if (batch.base_offset() < snapshot_end()) return true;
    const auto known = state_.producers().find(batch.producer_id());
    if (known == state_.producers().end() || known->second.batches().empty()) return false;
    return known->second.batches().back().last_offset >= batch.base_offset();
}

void LogProducers::note_producer(const RecordBatchView& batch) {
    // Below the first producer's first batch there was none, and that is worth a snapshot.
    if (!known_any_) {
        known_any_ = true;
        take(batch.base_offset(), Reason::kCheckpoint);
    }
    if (!state_.note(batch)) return;
    logger_.warn("a log has too many producers: those that were silent longest are forgotten",
                 {{"folder", folder_}, {"left", state_.producers().size()}});
}

void LogProducers::expire(std::int64_t age_ms, Duration interval) {
    const Time now = world_.now();
    const bool due = next_expiry_ && now >= *next_expiry_;
    if (due) state_.expire(world_.wall_clock_ms(), age_ms);
    if (due || !next_expiry_) next_expiry_ = now + interval;
}

void LogProducers::take(Offset end, Reason reason) {
    if (!known_any_) return;
    const Offset last = pictures_.empty() ? (files_.empty() ? Offset{-1} : *files_.rbegin())
                                          : pictures_.back().offset;
    if (last < end) return pictures_.push_back({end, reason, format_producers(state_)});
    if (pictures_.empty()) return;
    // A replay hears of batches below the end: of deleted ones.
    pictures_.back().bytes = format_producers(state_);
    if (reason == Reason::kRoll) pictures_.back().reason = reason;
}

Task<Result<void>> LogProducers::write(Offset covered) {
    std::vector<Picture> due;
    while (due.size() < pictures_.size() && pictures_[due.size()].offset <= covered) {
        due.push_back(std::move(pictures_[due.size()]));
    }
    pictures_.erase(pictures_.begin(), pictures_.begin() + static_cast<std::ptrdiff_t>(due.size()));
    for (std::size_t i = 0; i < due.size(); ++i) {
        if (due[i].reason != Reason::kRoll && i + 1 < due.size()) continue;
        const auto written = co_await write_file(due[i]);
        if (!written) {
            pictures_.insert(pictures_.begin(), std::make_move_iterator(due.begin() + i),
                             std::make_move_iterator(due.end()));
            co_return written;
        }
    }
    co_return Result<void>();
}

Task<Result<void>> LogProducers::write_file(const Picture& picture) {
    const std::string file_path = path(picture.offset);
    auto file = co_await File::open(world_, file_path, OpenMode::kTruncate);
    if (!file) co_return file.error();
    auto outcome = co_await file->write_small_at(0, picture.bytes);
    const auto closed = co_await file->close();
    if (outcome) outcome = closed;
    if (!outcome) co_return outcome;
    files_.insert(picture.offset);
    unsynced_.push_back(file_path);
    co_return outcome;
}

Task<Result<void>> LogProducers::remove_stale(Offset covered, std::set<Offset> bases) {
    const auto behind = files_.upper_bound(covered);
    if (behind == files_.begin()) co_return Result<void>();
    const Offset newest = *std::prev(behind);
    while (true) {
        const auto stale = std::find_if(
            files_.begin(), files_.end(),
            [newest, &bases](Offset each) { return each < newest && !bases.contains(each); });
        if (stale == files_.end()) co_return Result<void>();
        const auto removed = co_await remove(*stale);
        if (!removed) co_return removed;
    }
}

Task<Result<void>> LogProducers::remove(Offset offset) {
    const std::string file_path = path(offset);
    const auto removed = co_await remove_file(world_, file_path);
    if (!removed && removed.error() != system_error(ENOENT)) co_return removed;
    files_.erase(offset);
    // A checkpoint would look for it.
    std::erase(unsynced_, file_path);
    co_return Result<void>();
}

Task<Result<Offset>> LogProducers::load(std::vector<Offset> found, Offset first, Offset end,
                                        bool whole) {
    const bool none =
        std::none_of(found.begin(), found.end(), [end](Offset each) { return each <= end; });
    files_.insert(found.begin(), found.end());
    while (!files_.empty()) {
        const Offset newest = *files_.rbegin();
        const std::string file_path = path(newest);
        if (newest <= end) {
            const auto content = co_await read_small_file(world_, file_path, kSnapshotBytesMax);
            if (!content) co_return content.error();
            auto parsed = parse_producers(as_bytes(*content));
            if (parsed) {
                known_any_ = true;
                state_ = std::move(*parsed);
                co_return std::max(newest, first);
            }
            logger_.warn("a snapshot of a log's producers is damaged, going on without it",
                         {{"file", file_path}});
        }
        const auto removed = co_await remove(newest);
        if (!removed) co_return removed.error();
    }
    co_return none&& whole ? end : first;
}

}  // namespace millrace
