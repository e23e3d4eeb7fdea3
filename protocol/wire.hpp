// Kafka's primitive encodings: a bounds-checked Reader over one frame, and a Writer that gathers
// small owned bytes and borrowed spans in order, so that record data is sent without a copy.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/types.hpp"
#include "core/base/varint.hpp"
#include "core/runtime/part.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {

struct VersionRange {
    std::int16_t min = 0;
    std::int16_t max = -1;

    constexpr bool contains(std::int16_t version) const { return version >= min && version <= max; }
    constexpr bool operator==(const VersionRange&) const = default;
};

/// The "flexible from" of a message that has no flexible version.
inline constexpr std::int16_t kNeverFlexible = std::numeric_limits<std::int16_t>::max();

/// Reads one message's bytes, which it borrows. The first violation sticks: from then on every read
/// gives zero or nothing and `ok()` is false, so that decoders check once, at the end.
class Reader {
public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    bool ok() const { return !failed_; }
    void fail() {
        failed_ = true;
        position_ = bytes_.size();
    }
    std::size_t remaining() const { return bytes_.size() - position_; }

    template <class Int>
    Int read() {
        if (remaining() < sizeof(Int)) return fail(), Int{};
        const Int value = load_be<Int>(bytes_.data() + position_);
        position_ += sizeof(Int);
        return value;
    }

    double read_float64() { return std::bit_cast<double>(read<std::uint64_t>()); }
    Uuid read_uuid();
    std::uint32_t read_uvarint();

    /// The next `size` bytes, borrowed.
    ByteView read_span(std::size_t size);

    /// The length of a string (int16, or compact), nothing for null.
    std::optional<std::size_t> read_string_length(bool flexible);
    /// The length of bytes or records (int32, or compact), nothing for null.
    std::optional<std::size_t> read_bytes_length(bool flexible);
    /// The length of an array whose elements take at least `element_size_min` bytes each: more
    /// elements than the remaining bytes can hold are refused here, before anyone makes room.
    std::optional<std::size_t> read_count(bool flexible, std::size_t element_size_min);

    /// Reads a tagged section. `on_field(tag, body)` returns false for a tag that it does not know,
    /// which is then skipped; a known field has to use up its body exactly.
    template <class OnField>
    void read_tagged_fields(OnField on_field) {
        for (std::uint32_t left = read_uvarint(); left > 0 && ok(); --left) {
            const std::uint32_t tag = read_uvarint();
            Reader body(read_span(read_uvarint()));
            if (ok() && on_field(tag, body) && (!body.ok() || body.remaining() != 0)) fail();
        }
    }
    void skip_tagged_fields() {
        read_tagged_fields([](std::uint32_t, Reader&) { return false; });
    }

private:
    std::optional<std::size_t> checked_length(std::int64_t length);

    ByteView bytes_;
    std::size_t position_ = 0;
    bool failed_ = false;
};

/// Record data on its way out or in: parts in memory or in files, or bytes of its own. What a part
/// doesn't hold itself has to outlive every Writer that it was encoded into, and so does the
/// Records.
class Records {
public:
    Records() = default;
    explicit Records(Parts parts) : parts_(std::move(parts)) {}
    explicit Records(ByteView borrowed) { add(borrowed); }
    explicit Records(Bytes owned) : owned_(std::move(owned)) {}

    /// Appends borrowed bytes. REQUIRES: this Records owns none.
    void add(ByteView borrowed);

    std::size_t size() const { return owned_.size() + size_of(parts_); }
    bool empty() const { return size() == 0; }

    /// Either of them is empty.
    const Bytes& owned() const { return owned_; }
    const Parts& parts() const { return parts_; }

    /// All bytes in one buffer: a copy. REQUIRES: nothing lies in a file.
    Bytes to_bytes() const;

    /// Equal content, however it is cut into pieces.
    bool operator==(const Records& other) const { return to_bytes() == other.to_bytes(); }

private:
    Bytes owned_;
    Parts parts_;
};

/// A piece of an encoded message: bytes in memory, or a part that lies in a file.
struct Segment {
    ByteView bytes;
    const Part* in_file{};

    std::size_t size() const { return in_file != nullptr ? in_file->size : bytes.size(); }
};

/// Collects an encoded message. The first violation (a value that the version cannot carry) sticks
/// in `error()`; the bytes are of no use then.
class Writer {
public:
    /// Below this, copying into the own buffer costs less than one more piece of a gathered send.
    static constexpr std::size_t kSpliceMin = 512;

    /// Most messages are smaller than what it has room for at once.
    Writer() { owned_.reserve(kRoomAtOnce); }

    const Error& error() const { return error_; }
    bool ok() const { return !error_; }
    void fail(Errc errc) {
        if (!error_) error_ = errc;
    }

    /// Bytes written so far, borrowed ones included.
    std::size_t size() const { return owned_.size() + borrowed_size_; }
    bool borrows() const { return borrowed_size_ > 0; }

    template <class Int>
    void put(Int value) {
        const std::size_t at = owned_.size();
        owned_.resize(at + sizeof(Int));
        store_be(owned_.data() + at, value);
    }

    void put_float64(double value) { put(std::bit_cast<std::uint64_t>(value)); }
    void put_uuid(const Uuid& uuid) { append_bytes(owned_, uuid.bytes); }
    void put_uvarint(std::uint32_t value) { write_uvarint(owned_, value); }
    void put_span(ByteView bytes) { append_bytes(owned_, bytes); }

    /// Puts `bytes` without copying them unless they are small: they must stay until the segments
    /// have been used.
    void splice(ByteView bytes);
    void splice(const Part& part);

    /// Nothing stands for null.
    void put_string_length(bool flexible, std::optional<std::size_t> length);
    void put_bytes_length(bool flexible, std::optional<std::size_t> length);
    void put_count(bool flexible, std::optional<std::size_t> count);

    /// Overwrites four bytes at `at`, for sizes that are known only afterwards.
    /// REQUIRES: those bytes were `put` and nothing was spliced before them.
    void patch_int32(std::size_t at, std::int32_t value);

    /// Puts everything that `other` holds behind what is here.
    void append(const Writer& other);

    /// The message in pieces, in order; valid until the next change of this Writer.
    std::vector<Segment> segments() const;

    /// The message in one buffer: a copy of everything. REQUIRES: nothing lies in a file.
    Bytes to_bytes() const;

private:
    static constexpr std::size_t kRoomAtOnce = 240;

    struct Splice {
        std::size_t owned_before;
        Segment segment;
    };

    Bytes owned_;
    std::vector<Splice> splices_;
    std::size_t borrowed_size_ = 0;
    Error error_;
};

/// The tagged section of one struct while it is encoded. Fields are added in rising tag order.
class TaggedFields {
public:
    /// Where the field's value goes; valid until the next call.
    Writer& add(std::uint32_t tag);
    void write_to(Writer& writer) const;

private:
    std::vector<std::pair<std::uint32_t, Writer>> fields_;
};

}  // namespace millrace
