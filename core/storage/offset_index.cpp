#include "core/storage/offset_index.hpp"

#include "core/base/assert.hpp"

#include <limits>

namespace millrace {

OffsetIndexBytes encode(const OffsetIndexEntry& entry, Offset base) {
    const std::int64_t relative = entry.offset - base;
    expect_at_most(0, relative, "an offset at or above the segment's base");
    expect_at_most(relative, std::numeric_limits<std::int32_t>::max(), "an offset in the segment");
    expect_at_most(0, entry.position, "a position in the segment");
    OffsetIndexBytes bytes;
    store_be(bytes.data(), static_cast<std::int32_t>(relative));
    store_be(bytes.data() + 4, entry.position);
    return bytes;
}

OffsetIndexEntry OffsetIndexView::at(std::size_t index) const {
    expect(index < size(), "an entry of the offset index");
    const std::byte* entry = bytes_.data() + index * kOffsetIndexEntryBytes;
    return {base_ + load_be<std::int32_t>(entry), load_be<std::int32_t>(entry + 4)};
}

std::optional<OffsetIndexEntry> OffsetIndexView::lookup(Offset target) const {
    const std::size_t count = entries_below(target + 1);
    if (count == 0) return std::nullopt;
    return at(count - 1);
}

std::size_t OffsetIndexView::entries_below(Offset end) const {
    std::size_t low = 0;
    std::size_t high = size();
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (at(middle).offset < end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool OffsetIndexView::is_sane(std::int64_t segment_bytes) const {
    if (bytes_.size() % kOffsetIndexEntryBytes != 0) return false;
    OffsetIndexEntry before{base_ + -1, -1};
    for (std::size_t index = 0; index < size(); ++index) {
        const OffsetIndexEntry entry = at(index);
        if (entry.offset <= before.offset || entry.position <= before.position) return false;
        if (entry.position >= segment_bytes) return false;
        before = entry;
    }
    return true;
}

}  // namespace millrace
