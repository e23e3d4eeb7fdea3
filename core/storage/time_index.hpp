// A segment's time index (.timeindex), as bytes, and the rule by which both indexes of a segment
// grow. An entry says: no record up to this offset is newer than this time.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/types.hpp"
#include "core/storage/offset_index.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace millrace {

struct TimeIndexEntry {
    TimestampMs timestamp = kNoTimestamp;
    Offset offset;

    bool operator==(const TimeIndexEntry&) const = default;
};

inline constexpr std::size_t kTimeIndexEntryBytes = 12;
using TimeIndexBytes = std::array<std::byte, kTimeIndexEntryBytes>;

/// REQUIRES an offset from `base` to `base` + 2^31 - 1.
TimeIndexBytes encode(const TimeIndexEntry& entry, Offset base);

/// The entries of one segment in somebody else's memory. Bytes behind the last whole entry are not
/// looked at; the caller cuts off preallocated zeros.
class TimeIndexView {
public:
    TimeIndexView(ByteView bytes, Offset base) noexcept : bytes_(bytes), base_(base) {}

    std::size_t size() const noexcept { return bytes_.size() / kTimeIndexEntryBytes; }
    bool empty() const noexcept { return size() == 0; }

    /// REQUIRES index < size().
    TimeIndexEntry at(std::size_t index) const;

    /// The greatest entry at or below `target`; nothing when the search begins at the base.
    std::optional<TimeIndexEntry> lookup(TimestampMs target) const;

    /// How many entries are left when the segment is cut to `end`: those below it.
    std::size_t entries_below(Offset end) const;

    /// Whether times rise, offsets never fall, and none is outside the base and `end`.
    bool is_sane(Offset end) const;

private:
    ByteView bytes_;
    Offset base_;
};

/// What one append adds to the indexes of its segment.
struct IndexAdditions {
    std::optional<OffsetIndexEntry> offset;
    std::optional<TimeIndexEntry> time;
};

/// Decides when a segment's indexes get an entry. Owned by the active segment; holds no bytes.
class IndexBuilder {
public:
    explicit IndexBuilder(std::int32_t interval_bytes) : interval_bytes_(interval_bytes) {}

    struct Append {
        std::int64_t position = 0;  // where in the segment the appended bytes begin
        std::int64_t size = 0;
        Offset last_offset;
        TimestampMs max_timestamp = kNoTimestamp;
        Offset offset_of_max_timestamp;  // last offset of the batch that holds it
    };

    /// To be called once for each append, in order. The gap is measured before the append is
    /// counted, so the first append of a segment never makes an entry.
    IndexAdditions on_append(const Append& append);

    /// The entry that roll and close add, unless the last one already says it.
    std::optional<TimeIndexEntry> on_close();

    /// Goes on behind what a segment already holds: its last time entry and the largest timestamp
    /// that a scan behind that entry has found.
    void resume(std::int64_t bytes_since_entry, std::optional<TimeIndexEntry> last_time_entry,
                TimeIndexEntry largest);

    TimestampMs max_timestamp() const noexcept { return largest_.timestamp; }
    Offset offset_of_max_timestamp() const noexcept { return largest_.offset; }

private:
    std::optional<TimeIndexEntry> time_entry();

    const std::int32_t interval_bytes_;
    std::int64_t bytes_since_entry_ = 0;
    TimeIndexEntry largest_;
    std::optional<TimeIndexEntry> last_time_entry_;
};

}  // namespace millrace
