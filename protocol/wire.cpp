#include "protocol/wire.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {

Uuid Reader::read_uuid() {
    Uuid uuid;
    const ByteView raw = read_span(uuid.bytes.size());
    if (ok()) std::copy(raw.begin(), raw.end(), uuid.bytes.begin());
    return uuid;
}

std::uint32_t Reader::read_uvarint() {
    const auto value = millrace::read_uvarint<std::uint32_t>(bytes_, position_);
    if (!value) fail();
    return value.value_or(0);
}

ByteView Reader::read_span(std::size_t size) {
    if (remaining() < size) return fail(), ByteView{};
    const ByteView span = bytes_.subspan(position_, size);
    position_ += size;
    return span;
}

std::optional<std::size_t> Reader::checked_length(std::int64_t length) {
    if (length < -1) fail();
    if (length < 0 || failed_) return std::nullopt;
    return static_cast<std::size_t>(length);
}

std::optional<std::size_t> Reader::read_string_length(bool flexible) {
    if (!flexible) return checked_length(read<std::int16_t>());
    const auto length = std::int64_t{read_uvarint()} - 1;
    if (length > std::numeric_limits<std::int16_t>::max()) fail();
    return checked_length(length);
}

std::optional<std::size_t> Reader::read_bytes_length(bool flexible) {
    if (!flexible) return checked_length(read<std::int32_t>());
    return checked_length(std::int64_t{read_uvarint()} - 1);
}

std::optional<std::size_t> Reader::read_count(bool flexible, std::size_t element_size_min) {
    const auto count = read_bytes_length(flexible);
    if (!count) return std::nullopt;
    const std::size_t size_min = std::max<std::size_t>(element_size_min, 1);
    if (*count > remaining() / size_min) return fail(), std::nullopt;
    return count;
}

void Records::add(ByteView borrowed) {
    expect(owned_.empty(), "records either own their bytes or borrow them");
    if (!borrowed.empty()) parts_.push_back(Part::in_memory(borrowed, nullptr));
}

Bytes Records::to_bytes() const {
    Bytes all = owned_;
    for (const Part& part : parts_) {
        expect(part.file == nullptr, "records in a file are not in memory");
        append_bytes(all, part.memory);
    }
    return all;
}

void Writer::splice(ByteView bytes) {
    if (bytes.size() < kSpliceMin) return put_span(bytes);
    splices_.push_back({owned_.size(), {bytes}});
    borrowed_size_ += bytes.size();
}

void Writer::splice(const Part& part) {
    if (part.file == nullptr) return splice(part.memory);
    splices_.push_back({owned_.size(), {{}, &part}});
    borrowed_size_ += part.size;
}

void Writer::put_string_length(bool flexible, std::optional<std::size_t> length) {
    if (length.value_or(0) > std::size_t{std::numeric_limits<std::int16_t>::max()})
        return fail(Errc::kTooLarge);
    if (flexible) return put_uvarint(length ? static_cast<std::uint32_t>(*length + 1) : 0);
    put(length ? static_cast<std::int16_t>(*length) : std::int16_t{-1});
}

void Writer::put_bytes_length(bool flexible, std::optional<std::size_t> length) {
    if (length.value_or(0) > std::size_t{std::numeric_limits<std::int32_t>::max()})
        return fail(Errc::kTooLarge);
    if (flexible) return put_uvarint(length ? static_cast<std::uint32_t>(*length + 1) : 0);
    put(length ? static_cast<std::int32_t>(*length) : std::int32_t{-1});
}

void Writer::put_count(bool flexible, std::optional<std::size_t> count) {
    put_bytes_length(flexible, count);
}

void Writer::patch_int32(std::size_t at, std::int32_t value) {
    expect(at + sizeof value <= owned_.size(), "patched bytes were put before");
    expect(splices_.empty() || at + sizeof value <= splices_.front().owned_before,
           "patched bytes lie before every splice");
    store_be(owned_.data() + at, value);
}

void Writer::append(const Writer& other) {
    if (other.error_ && !error_) error_ = other.error_;
    for (const Splice& splice : other.splices_)
        splices_.push_back({owned_.size() + splice.owned_before, splice.segment});
    append_bytes(owned_, other.owned_);
    borrowed_size_ += other.borrowed_size_;
}

std::vector<Segment> Writer::segments() const {
    std::vector<Segment> segments;
    segments.reserve(2 * splices_.size() + 1);
    std::size_t from = 0;
    const auto add_owned = [&](std::size_t to) {
        if (to > from) segments.push_back({ByteView(owned_).subspan(from, to - from)});
        from = to;
    };
    for (const Splice& splice : splices_) {
        add_owned(splice.owned_before);
        segments.push_back(splice.segment);
    }
    add_owned(owned_.size());
    return segments;
}

Bytes Writer::to_bytes() const {
    Bytes all;
    all.reserve(size());
    for (const Segment& segment : segments()) {
        expect(segment.in_file == nullptr, "a message with a file's range is not in memory");
        append_bytes(all, segment.bytes);
    }
    return all;
}

Writer& TaggedFields::add(std::uint32_t tag) {
    expect(fields_.empty() || fields_.back().first < tag, "tags rise within a section");
    return fields_.emplace_back(tag, Writer{}).second;
}

void TaggedFields::write_to(Writer& writer) const {
    writer.put_uvarint(static_cast<std::uint32_t>(fields_.size()));
    for (const auto& [tag, body] : fields_) {
        writer.put_uvarint(tag);
        writer.put_uvarint(static_cast<std::uint32_t>(body.size()));
        writer.append(body);
    }
}

}  // namespace millrace
