// The structure inside a block of records: varint lengths, deltas, headers. Walks without
// allocating.
#pragma once

#include "core/base/result.hpp"
#include "core/base/varint.hpp"

namespace millrace {

namespace detail {

/// Skips a length-prefixed field; a negative length is null, which only keys and values may be.
inline bool skip_sized(ByteView block, std::size_t& position, bool nullable) {
    const auto size = read_varint(block, position);
    if (!size || (*size < 0 && !nullable)) return false;
    if (*size <= 0) return true;
    if (static_cast<std::size_t>(*size) > block.size() - position) return false;
    position += static_cast<std::size_t>(*size);
    return true;
}

inline bool skip_headers(ByteView block, std::size_t& position) {
    const auto count = read_varint(block, position);
    if (!count || *count < 0) return false;
    for (std::int32_t i = 0; i < *count; ++i) {
        if (!skip_sized(block, position, false) || !skip_sized(block, position, true)) return false;
    }
    return true;
}

struct RecordDeltas {
    std::int32_t offset;
    std::int64_t timestamp;
};

inline bool read_record(ByteView block, std::size_t& position, RecordDeltas& deltas) {
    const auto size = read_varint(block, position);
    if (!size || *size < 0 || static_cast<std::size_t>(*size) > block.size() - position)
        return false;
    const std::size_t end = position + static_cast<std::size_t>(*size);
    const ByteView record = block.first(end);
    if (position >= end) return false;
    ++position;  // the record's attributes, unused in magic 2
    const auto timestamp = read_varlong(record, position);
    const auto offset = read_varint(record, position);
    if (!timestamp || !offset) return false;
    deltas = {*offset, *timestamp};
    return skip_sized(record, position, true) && skip_sized(record, position, true) &&
           skip_headers(record, position) && position == end;
}

}  // namespace detail

/// Calls `on_record(offset_delta, timestamp_delta)` for each record of an uncompressed block of
/// `count` records; kInvalidRecord when their structure does not fill the block exactly.
template <class OnRecord>
Result<void> walk_records(ByteView block, std::int32_t count, OnRecord on_record) {
    std::size_t position = 0;
    for (std::int32_t i = 0; i < count; ++i) {
        detail::RecordDeltas deltas{};
        if (!detail::read_record(block, position, deltas)) return Errc::kInvalidRecord;
        on_record(deltas.offset, deltas.timestamp);
    }
    if (position != block.size()) return Errc::kInvalidRecord;
    return {};
}

}  // namespace millrace
