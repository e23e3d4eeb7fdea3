#include "core/storage/time_index.hpp"

#include "core/base/assert.hpp"

#include <limits>

namespace millrace {
namespace {

/// The number of entries, of `size` sorted ones, for which `is_before` holds.
template <class Predicate>
std::size_t count_before(std::size_t size, Predicate is_before) {
    std::size_t low = 0;
    std::size_t high = size;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (is_before(middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

}  // namespace

TimeIndexBytes encode(const TimeIndexEntry& entry, Offset base) {
    const std::int64_t relative = entry.offset - base;
    expect_at_most(0, relative, "an offset at or above the segment's base");
    expect_at_most(relative, std::numeric_limits<std::int32_t>::max(), "an offset in the segment");
    TimeIndexBytes bytes;
    store_be(bytes.data(), entry.timestamp);
    store_be(bytes.data() + 8, static_cast<std::int32_t>(relative));
    return bytes;
}

TimeIndexEntry TimeIndexView::at(std::size_t index) const {
    expect(index < size(), "an entry of the time index");
    const std::byte* entry = bytes_.data() + index * kTimeIndexEntryBytes;
    return {load_be<std::int64_t>(entry), base_ + load_be<std::int32_t>(entry + 8)};
}

std::optional<TimeIndexEntry> TimeIndexView::lookup(TimestampMs target) const {
    const std::size_t count =
        count_before(size(), [&](std::size_t index) { return at(index).timestamp <= target; });
    if (count == 0) return std::nullopt;
    return at(count - 1);
}

std::size_t TimeIndexView::entries_below(Offset end) const {
    return count_before(size(), [&](std::size_t index) { return at(index).offset < end; });
}

bool TimeIndexView::is_sane(Offset end) const {
    if (bytes_.size() % kTimeIndexEntryBytes != 0) return false;
    TimeIndexEntry before{std::numeric_limits<TimestampMs>::min(), base_};
    for (std::size_t index = 0; index < size(); ++index) {
        const TimeIndexEntry entry = at(index);
        if (entry.timestamp <= before.timestamp || entry.offset < before.offset) return false;
        if (entry.offset >= end) return false;
        before = entry;
    }
    return true;
}

IndexAdditions IndexBuilder::on_append(const Append& append) {
    if (append.max_timestamp > largest_.timestamp)
        largest_ = {append.max_timestamp, append.offset_of_max_timestamp};
    IndexAdditions additions;
    if (bytes_since_entry_ > interval_bytes_) {
        expect_at_most(append.position, std::numeric_limits<std::int32_t>::max(),
                       "a position in the segment");
        additions.offset = {append.last_offset, static_cast<std::int32_t>(append.position)};
        additions.time = time_entry();
        bytes_since_entry_ = 0;
    }
    bytes_since_entry_ += append.size;
    return additions;
}

std::optional<TimeIndexEntry> IndexBuilder::on_close() { return time_entry(); }

void IndexBuilder::resume(std::int64_t bytes_since_entry,
                          std::optional<TimeIndexEntry> last_time_entry, TimeIndexEntry largest) {
    bytes_since_entry_ = bytes_since_entry;
    last_time_entry_ = last_time_entry;
    largest_ = largest;
    if (last_time_entry && last_time_entry->timestamp >= largest.timestamp)
        largest_ = *last_time_entry;
}

std::optional<TimeIndexEntry> IndexBuilder::time_entry() {
    if (largest_.timestamp == kNoTimestamp) return std::nullopt;
    if (last_time_entry_ && largest_.timestamp <= last_time_entry_->timestamp) return std::nullopt;
    last_time_entry_ = largest_;
    return largest_;
}

}  // namespace millrace
