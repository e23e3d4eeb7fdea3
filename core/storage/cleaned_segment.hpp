// The files of a segment that a cleaner writes: batches, and the two indexes of them. They have
// `.cleaned` behind their names until they are whole and take the place of those before them.
#pragma once

#include "core/runtime/file.hpp"
#include "core/storage/segment_index.hpp"

#include <string>
#include <string_view>

namespace millrace {

/// Behind the names of files that are being written.
inline constexpr std::string_view kCleanedSuffix = ".cleaned";
/// And of those that are whole, when others have to go first.
inline constexpr std::string_view kSwapSuffix = ".swap";

/// Owned by a cleaning. Must be finished or abandoned before it goes.
class CleanedSegment {
public:
    CleanedSegment(World& world, std::string folder, Offset base, std::int32_t interval_bytes)
        : world_(world), folder_(std::move(folder)), base_(base), index_(base, interval_bytes) {}

    /// What a former try has left under these names goes.
    Task<Result<void>> open();
    /// Whole batches, in the order of the log. They are in memory, or in the file.
    Task<Result<void>> append(ByteView batches);
    /// Everything is in the files, and on stable storage with its names. Closed on any outcome.
    Task<Result<void>> finish();
    /// The files are closed and removed.
    Task<> abandon();
    /// They are left to the next start.
    Task<> close();

    Offset base() const { return base_; }
    std::uint64_t size() const { return written_ + pending_.size(); }

private:
    Task<Result<void>> write_pending();
    Task<Result<void>> write_index(std::string_view suffix, SegmentIndex::Addition addition);
    Task<Result<void>> write_all();
    std::string path(std::string_view suffix) const;

    World& world_;
    const std::string folder_;
    const Offset base_;
    SegmentIndex index_;
    File file_;
    Bytes pending_;
    std::uint64_t written_{};
    std::uint64_t synced_{};
};

}  // namespace millrace
