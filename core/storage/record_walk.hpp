// The structure inside a block of records: varint lengths, deltas, headers. Walks without
// allocating, over plain bytes or over a block that is decompressed piece by piece on the way.
#pragma once

#include "core/base/result.hpp"
#include "core/base/varint.hpp"
#include "core/storage/decompressor.hpp"

#include <algorithm>

namespace millrace {

/// A block of records that is read once, from its begin to its end.
class RecordBlock {
public:
    explicit RecordBlock(ByteView plain) { take_piece(plain); }
    /// Reads what was begun in `source`, and no more than `limit` bytes of it: kTooLarge then.
    RecordBlock(Decompressor& source, std::uint64_t limit) : source_(&source), limit_(limit) {}

    /// Bytes read so far.
    std::uint64_t position() const { return before_ + static_cast<std::uint64_t>(at_ - begin_); }
    /// Whether nothing is left; false too when the block turned out to be broken.
    bool at_end() { return at_ == end_ && !refill() && !error_; }
    /// Why the block ended early, beyond its records' own structure.
    Error error() const { return error_; }

    bool skip(std::uint64_t size) {
        if (size > static_cast<std::uint64_t>(end_ - at_)) return skip_over_pieces(size);
        at_ += size;
        return true;
    }

    /// The next `size` bytes, where they lie or copied into `scratch`; borrowed until either of
    /// them moves on. False when the block ends first.
    bool take(std::size_t size, ByteView& bytes, Bytes& scratch) {
        const auto here = static_cast<std::size_t>(end_ - at_);
        if (size <= here) {
            bytes = {at_, size};
            at_ += size;
            return true;
        }
        scratch.clear();
        while (scratch.size() < size) {
            const std::size_t part =
                std::min(size - scratch.size(), static_cast<std::size_t>(end_ - at_));
            scratch.insert(scratch.end(), at_, at_ + part);
            at_ += part;
            if (scratch.size() < size && !refill()) return false;
        }
        bytes = scratch;
        return true;
    }

    /// A zig-zag varint; false when it does not fit into T or the block ends first.
    template <class T>
    bool read(T& value) {
        // Nearly all are one or two bytes long, and there.
        if (end_ - at_ < 2) return read_long(value);
        const auto first = std::to_integer<std::uint8_t>(at_[0]);
        const auto second = std::to_integer<std::uint8_t>(at_[1]);
        if (first >= 0x80 && second >= 0x80) return read_long(value);
        const bool is_short = first < 0x80;
        const unsigned both = (first & 0x7fU) | (static_cast<unsigned>(second) << 7);
        value = decoded<T>(is_short ? first : both);
        at_ += is_short ? 1 : 2;
        return true;
    }

private:
    template <class T>
    static T decoded(std::make_unsigned_t<T> raw) {
        return static_cast<T>((raw >> 1) ^ (~(raw & 1) + 1));
    }

    template <class T>
    [[gnu::noinline]] bool read_long(T& value) {
        using Raw = std::make_unsigned_t<T>;
        Raw raw = 0;
        for (unsigned shift = 0; shift < sizeof(T) * 8; shift += 7) {
            if (at_ == end_ && !refill()) return false;
            const auto byte = std::to_integer<std::uint8_t>(*at_++);
            raw |= static_cast<Raw>(static_cast<Raw>(byte & 0x7fU) << shift);
            if (byte < 0x80) {
                value = decoded<T>(raw);
                return true;
            }
        }
        return false;
    }

    [[gnu::noinline]] bool skip_over_pieces(std::uint64_t size) {
        while (size > static_cast<std::uint64_t>(end_ - at_)) {
            size -= static_cast<std::uint64_t>(end_ - at_);
            at_ = end_;
            if (!refill()) return false;
        }
        at_ += size;
        return true;
    }

    void take_piece(ByteView piece) {
        begin_ = at_ = piece.data();
        end_ = piece.data() + piece.size();
    }

    bool refill() {
        if (source_ == nullptr || error_) return false;
        before_ = position();
        take_piece({});
        const auto piece = source_->next();
        if (!piece) {
            error_ = piece.error();
        } else if (piece->size() > limit_ - before_) {
            error_ = Errc::kTooLarge;
        } else {
            take_piece(*piece);
        }
        return at_ != end_;
    }

    const std::byte* begin_{};
    const std::byte* at_{};
    const std::byte* end_{};
    std::uint64_t before_{};
    Decompressor* source_{};
    std::uint64_t limit_{};
    Error error_;
};

struct RecordDeltas {
    std::int32_t offset{};
    std::int64_t timestamp{};
    // -1 for null.
    std::int32_t key_size{};
    std::int32_t value_size{};
};

namespace detail {

/// Skips a length-prefixed field; a negative length is null, which only keys and values may be.
inline bool skip_sized(RecordBlock& block, bool nullable, std::int32_t& size) {
    if (!block.read(size) || (size < 0 && !nullable)) return false;
    return size <= 0 || block.skip(static_cast<std::uint64_t>(size));
}

inline bool read_record(RecordBlock& block, RecordDeltas& deltas) {
    std::int32_t size = 0;
    if (!block.read(size) || size < 0) return false;
    const std::uint64_t end = block.position() + static_cast<std::uint64_t>(size);
    // The record's attributes come first, unused in magic 2.
    if (!block.skip(1) || !block.read(deltas.timestamp) || !block.read(deltas.offset)) return false;
    if (!skip_sized(block, true, deltas.key_size)) return false;
    if (!skip_sized(block, true, deltas.value_size)) return false;
    std::int32_t headers = 0;
    std::int32_t ignored = 0;
    if (!block.read(headers)) return false;
    for (std::int32_t i = 0; i < headers; ++i) {
        // A hostile count ends where the record does.
        if (block.position() >= end) return false;
        if (!skip_sized(block, false, ignored) || !skip_sized(block, true, ignored)) return false;
    }
    return headers >= 0 && block.position() == end;
}

}  // namespace detail

/// Calls `on_record(deltas)` for each of the `count` records that fill the block exactly; false
/// from it ends the walk. kInvalidRecord when their structure does not hold, or the block's error.
template <class OnRecord>
Result<void> walk_records(RecordBlock& block, std::int32_t count, OnRecord on_record) {
    for (std::int32_t i = 0; i < count; ++i) {
        RecordDeltas deltas;
        if (!detail::read_record(block, deltas)) {
            return block.error() ? block.error() : make_error_code(Errc::kInvalidRecord);
        }
        if (!on_record(deltas)) return {};
    }
    if (block.at_end()) return {};
    return block.error() ? block.error() : make_error_code(Errc::kInvalidRecord);
}

}  // namespace millrace
