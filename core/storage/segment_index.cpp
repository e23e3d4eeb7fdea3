#include "core/storage/segment_index.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kOffsetEntryBytes = 8;
constexpr std::size_t kTimeEntryBytes = 12;

}  // namespace

void SegmentIndex::note(const BatchMeta& meta, std::uint64_t position) {
    if (bytes_since_entry_ > interval_bytes_) {
        const auto relative = static_cast<std::int32_t>(meta.last - base_);
        if (newest_relative_offset_ < relative) {
            add_offset_entry({relative, static_cast<std::uint32_t>(position)});
        }
        add_time_entry(position);
        bytes_since_entry_ = 0;
    }
    if (position == 0) first_timestamp_ = meta.max_timestamp;
    if (meta.max_timestamp > max_timestamp_) {
        max_timestamp_ = meta.max_timestamp;
        max_timestamp_offset_ = meta.last;
    }
    bytes_since_entry_ += meta.size;
}

void SegmentIndex::add_offset_entry(const OffsetEntry& entry) {
    offsets_.push_back(entry);
    newest_relative_offset_ = entry.relative_offset;
}

void SegmentIndex::add_time_entry(std::uint64_t position) {
    if (newest_timestamp_ >= max_timestamp_) return;
    timestamps_.push_back({max_timestamp_, static_cast<std::int32_t>(max_timestamp_offset_ - base_),
                           static_cast<std::uint32_t>(position)});
    newest_timestamp_ = max_timestamp_;
}

void SegmentIndex::close(std::uint64_t size) { add_time_entry(size == 0 ? 0 : size - 1); }

void SegmentIndex::load(ByteView offsets, ByteView timestamps, std::uint64_t size, Offset end) {
    clear();
    const std::int64_t relative_end = end - base_;
    for (; offsets.size() >= kOffsetEntryBytes; offsets = offsets.subspan(kOffsetEntryBytes)) {
        const OffsetEntry entry{load_be<std::int32_t>(offsets.data()),
                                load_be<std::uint32_t>(&offsets[4])};
        if (entry.relative_offset <= newest_relative_offset_ || entry.position <= last_position() ||
            entry.relative_offset >= relative_end || entry.position >= size)
            break;
        add_offset_entry(entry);
    }
    for (; timestamps.size() >= kTimeEntryBytes; timestamps = timestamps.subspan(kTimeEntryBytes)) {
        const TimeEntry entry{load_be<std::int64_t>(timestamps.data()),
                              load_be<std::int32_t>(&timestamps[8]), 0};
        const TimeEntry last = timestamps_.empty() ? TimeEntry{-1, -1, 0} : timestamps_.back();
        if (entry.timestamp <= last.timestamp || entry.relative_offset <= last.relative_offset ||
            entry.relative_offset >= relative_end)
            break;
        timestamps_.push_back(entry);
        newest_timestamp_ = entry.timestamp;
    }
    offsets_written_ = offsets_.size();
    timestamps_written_ = timestamps_.size();
    if (timestamps_.empty()) return;
    max_timestamp_ = timestamps_.back().timestamp;
    max_timestamp_offset_ = base_ + timestamps_.back().relative_offset;
}

void SegmentIndex::clear() {
    offsets_.clear();
    timestamps_.clear();
    offsets_written_ = timestamps_written_ = 0;
    bytes_since_entry_ = 0;
    newest_relative_offset_ = -1;
    newest_timestamp_ = first_timestamp_ = max_timestamp_ = kNoTimestamp;
    max_timestamp_offset_ = Offset{-1};
}

std::uint64_t SegmentIndex::position_before(Offset offset) const {
    const auto relative = offset - base_;
    const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), relative,
                                        [](std::int64_t wanted, const OffsetEntry& entry) {
                                            return wanted < entry.relative_offset;
                                        });
    return after == offsets_.begin() ? 0 : std::prev(after)->position;
}

std::uint64_t SegmentIndex::last_position_in(std::uint64_t from, std::uint64_t to) const {
    const auto behind = std::upper_bound(
        offsets_.begin(), offsets_.end(), to,
        [](std::uint64_t wanted, const OffsetEntry& entry) { return wanted < entry.position; });
    return behind == offsets_.begin() ? from
                                      : std::max<std::uint64_t>(from, std::prev(behind)->position);
}

std::uint64_t SegmentIndex::position_before_time(TimestampMs target) const {
    const auto first = std::lower_bound(
        timestamps_.begin(), timestamps_.end(), target,
        [](const TimeEntry& entry, TimestampMs wanted) { return entry.timestamp < wanted; });
    if (first == timestamps_.begin()) return 0;
    return position_before(base_ + std::prev(first)->relative_offset);
}

SegmentIndex::Addition SegmentIndex::take_offsets(std::uint64_t filled) {
    Addition addition{offsets_written_ * kOffsetEntryBytes, {}};
    for (; offsets_written_ < offsets_.size(); ++offsets_written_) {
        const OffsetEntry& entry = offsets_[offsets_written_];
        if (entry.position >= filled) break;
        std::byte encoded[kOffsetEntryBytes];
        store_be(encoded, entry.relative_offset);
        store_be(encoded + 4, entry.position);
        append_bytes(addition.bytes, encoded);
    }
    return addition;
}

SegmentIndex::Addition SegmentIndex::take_timestamps(std::uint64_t filled) {
    Addition addition{timestamps_written_ * kTimeEntryBytes, {}};
    for (; timestamps_written_ < timestamps_.size(); ++timestamps_written_) {
        const TimeEntry& entry = timestamps_[timestamps_written_];
        if (entry.position >= filled) break;
        std::byte encoded[kTimeEntryBytes];
        store_be(encoded, entry.timestamp);
        store_be(encoded + 8, entry.relative_offset);
        append_bytes(addition.bytes, encoded);
    }
    return addition;
}

bool SegmentIndex::is_full(std::size_t bytes) const {
    return offsets_.size() >= bytes / kOffsetEntryBytes ||
           timestamps_.size() + 1 >= bytes / kTimeEntryBytes;
}

bool SegmentIndex::has_unwritten(std::uint64_t filled) const {
    const bool offsets =
        offsets_written_ < offsets_.size() && offsets_[offsets_written_].position < filled;
    const bool timestamps = timestamps_written_ < timestamps_.size() &&
                            timestamps_[timestamps_written_].position < filled;
    return offsets || timestamps;
}

}  // namespace millrace
