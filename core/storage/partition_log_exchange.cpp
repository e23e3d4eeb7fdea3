// What a crash leaves of an exchange of segments, of ours or of a Java broker's: undone or finished
// when the log is loaded.
//
// A cleaner writes `.cleaned` files, renames them to `.swap` when they are whole, takes the old
// ones away, and gives the new ones their names. So beside a `.cleaned` file the `.swap` files from
// there on aren't all of theirs: all of these go. Other `.swap` files are whole.
#include "core/base/parse.hpp"
#include "core/storage/cleaned_segment.hpp"
#include "core/storage/partition_log.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

constexpr std::size_t kOffsetDigits = 20;

/// The base offset that the name of a segment's file with `end` begins with.
std::optional<Offset> base_of(const FolderEntry& entry, std::string_view end) {
    const std::string_view name = entry.name;
    if (entry.is_folder || !name.ends_with(end) || name.size() < kOffsetDigits) return std::nullopt;
    const auto base = parse_number<std::int64_t>(name.substr(0, kOffsetDigits));
    return base ? std::optional(Offset{*base}) : std::nullopt;
}

std::optional<Offset> first_cleaned(const std::vector<FolderEntry>& entries) {
    std::optional<Offset> first;
    for (const FolderEntry& entry : entries) {
        const auto base = base_of(entry, kCleanedSuffix);
        if (base && (!first || *base < *first)) first = base;
    }
    return first;
}

}  // namespace

/// A `.swap` file that were alone would be taken for one of a whole segment.
Task<Result<void>> PartitionLog::remove_unfinished(const std::vector<FolderEntry>& entries) {
    const std::optional<Offset> first = first_cleaned(entries);
    if (!first) co_return Result<void>();
    for (const std::string_view end : {kSwapSuffix, kCleanedSuffix}) {
        for (const FolderEntry& entry : entries) {
            const auto base = base_of(entry, end);
            if (!base || *base < *first) continue;
            const std::string path = folder_ + "/" + entry.name;
            const auto removed = co_await remove_file(world_, path);
            if (!removed) co_return removed;
        }
        const auto synced = co_await sync_folder(world_, folder_);
        if (!synced) co_return synced;
    }
    co_return Result<void>();
}

Task<Result<void>> PartitionLog::finish_exchanges(const std::vector<FolderEntry>& entries) {
    const auto cleared = co_await remove_unfinished(entries);
    if (!cleared) co_return cleared;
    const std::optional<Offset> first = first_cleaned(entries);
    std::vector<FolderEntry> whole;
    for (const FolderEntry& entry : entries) {
        const auto base = base_of(entry, kSwapSuffix);
        if (base && (!first || *base < *first)) whole.push_back(entry);
    }
    if (whole.empty()) co_return Result<void>();
    for (const FolderEntry& entry : whole) {
        const auto base = base_of(entry, ".log" + std::string(kSwapSuffix));
        if (!base) continue;
        const auto finished = co_await finish_exchange(*base, entries);
        if (!finished) co_return finished;
    }
    // A segment's batches are the last that get their name.
    std::stable_partition(whole.begin(), whole.end(), [](const FolderEntry& entry) {
        return !base_of(entry, ".log" + std::string(kSwapSuffix));
    });
    for (const FolderEntry& entry : whole) {
        const std::string from = folder_ + "/" + entry.name;
        const std::string to = from.substr(0, from.size() - kSwapSuffix.size());
        const auto renamed = co_await rename_file(world_, from, to);
        if (!renamed) co_return renamed;
    }
    co_return co_await sync_folder(world_, folder_);
}

/// The segments whose batches are in the new one go, but for the one whose name it gets.
Task<Result<void>> PartitionLog::finish_exchange(Offset base,
                                                 const std::vector<FolderEntry>& entries) {
    SegmentConfig config = segment_config();
    config.name_end = kSwapSuffix;
    auto segment =
        co_await LogSegment::open(world_, folder_, base, config, LogSegment::Trust::kAll);
    if (!segment) co_return segment.error();
    const Offset end = (*segment)->next_offset();
    const auto closed = co_await (*segment)->close();
    if (!closed) co_return closed;
    logger_.info("finishing the exchange of segments for a cleaned one",
                 {{"folder", folder_}, {"base_offset", base.value}, {"next_offset", end.value}});
    for (const FolderEntry& entry : entries) {
        const auto old = base_of(entry, ".log");
        if (!old || *old <= base || *old >= end) continue;
        const auto removed = co_await remove_segment_files(*old);
        if (!removed) co_return removed;
    }
    co_return co_await sync_folder(world_, folder_);
}

}  // namespace millrace
