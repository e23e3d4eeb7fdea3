#include "core/storage/record_reader.hpp"

namespace millrace {
namespace {

/// A field behind its length; a negative length is null.
bool read_sized(ByteView bytes, std::size_t& at, std::optional<ByteView>& field) {
    const auto size = read_varint(bytes, at);
    if (!size) return false;
    field.reset();
    if (*size < 0) return true;
    const auto length = static_cast<std::size_t>(*size);
    if (length > bytes.size() - at) return false;
    field = bytes.subspan(at, length);
    at += length;
    return true;
}

/// All headers, from their count to the end.
bool headers_hold(ByteView bytes, std::size_t at) {
    const auto count = read_varint(bytes, at);
    if (!count || *count < 0) return false;
    for (std::int32_t i = 0; i < *count; ++i) {
        std::optional<ByteView> key;
        std::optional<ByteView> value;
        if (!read_sized(bytes, at, key) || !key || !read_sized(bytes, at, value)) return false;
    }
    return at == bytes.size();
}

}  // namespace

std::optional<RecordView> parse_record(ByteView bytes) {
    RecordView record;
    std::size_t at = 1;  // the attributes come first, unused in magic 2
    const auto timestamp = read_varlong(bytes, at);
    if (!timestamp) return std::nullopt;
    const auto offset = read_varint(bytes, at);
    if (!offset) return std::nullopt;
    record.timestamp_delta = *timestamp;
    record.offset_delta = *offset;
    if (!read_sized(bytes, at, record.key) || !read_sized(bytes, at, record.value)) {
        return std::nullopt;
    }
    record.headers = bytes.subspan(at);
    if (!headers_hold(bytes, at)) return std::nullopt;
    return record;
}

}  // namespace millrace
