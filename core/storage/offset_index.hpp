// A segment's offset index (.index), as bytes: where in the segment to begin looking for an offset.
// Sparse, rising, and a hint only: a reader scans the segment forward from the entry's position.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/types.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace millrace {

struct OffsetIndexEntry {
    Offset offset;  // the last offset of the append that the entry was made for
    std::int32_t position = 0;

    bool operator==(const OffsetIndexEntry&) const = default;
};

inline constexpr std::size_t kOffsetIndexEntryBytes = 8;
using OffsetIndexBytes = std::array<std::byte, kOffsetIndexEntryBytes>;

/// REQUIRES an offset from `base` to `base` + 2^31 - 1 and a position that is not negative.
OffsetIndexBytes encode(const OffsetIndexEntry& entry, Offset base);

/// The entries of one segment in somebody else's memory. Bytes behind the last whole entry are not
/// looked at; the caller cuts off preallocated zeros.
class OffsetIndexView {
public:
    OffsetIndexView(ByteView bytes, Offset base) noexcept : bytes_(bytes), base_(base) {}

    std::size_t size() const noexcept { return bytes_.size() / kOffsetIndexEntryBytes; }
    bool empty() const noexcept { return size() == 0; }

    /// REQUIRES index < size().
    OffsetIndexEntry at(std::size_t index) const;

    /// The greatest entry at or below `target`; nothing when the search begins at position 0.
    std::optional<OffsetIndexEntry> lookup(Offset target) const;

    /// How many entries are left when the segment is cut to `end`: those below it.
    std::size_t entries_below(Offset end) const;

    /// Whether offsets and positions rise from entry to entry, the first not below the base, and no
    /// position is at or behind `segment_bytes`: what a file from elsewhere has to show.
    bool is_sane(std::int64_t segment_bytes) const;

private:
    ByteView bytes_;
    Offset base_;
};

}  // namespace millrace
