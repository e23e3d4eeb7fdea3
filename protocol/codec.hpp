// How a field of each C++ type is read and written: the overloads that the generated messages are
// made of. The type decides the wire form, `flexible` chooses between its two encodings.
#pragma once

#include "protocol/wire.hpp"

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <vector>

namespace millrace::codec {

/// The fewest bytes that a value can take; what counts are checked against.
template <class T>
constexpr std::size_t size_min(bool flexible) {
    if constexpr (std::same_as<T, bool>) return 1;
    if constexpr (std::integral<T> || std::floating_point<T> || std::same_as<T, Uuid>)
        return sizeof(T);
    if constexpr (std::same_as<T, std::string>) return flexible ? 1 : 2;
    return flexible ? 1 : 4;
}

template <std::integral Int>
void read_field(Reader& reader, bool, Int& out) {
    out = reader.read<Int>();
}
inline void read_field(Reader& reader, bool, bool& out) { out = reader.read<std::uint8_t>() != 0; }
inline void read_field(Reader& reader, bool, double& out) { out = reader.read_float64(); }
inline void read_field(Reader& reader, bool, Uuid& out) { out = reader.read_uuid(); }

inline void assign(std::string& out, ByteView bytes) { out = as_text(bytes); }
inline void assign(ByteView& out, ByteView bytes) { out = bytes; }
inline void assign(Bytes& out, ByteView bytes) { out.assign(bytes.begin(), bytes.end()); }
inline void assign(Records& out, ByteView bytes) { out = Records(bytes); }

template <class T>
concept Spanned = std::same_as<T, std::string> || std::same_as<T, ByteView> ||
                  std::same_as<T, Bytes> || std::same_as<T, Records>;

template <Spanned T>
std::optional<std::size_t> read_length(Reader& reader, bool flexible) {
    if constexpr (std::same_as<T, std::string>) return reader.read_string_length(flexible);
    return reader.read_bytes_length(flexible);
}

template <Spanned T>
void read_field(Reader& reader, bool flexible, T& out) {
    const auto length = read_length<T>(reader, flexible);
    if (!length) return reader.fail();
    assign(out, reader.read_span(*length));
}

template <Spanned T>
void read_field(Reader& reader, bool flexible, std::optional<T>& out) {
    const auto length = read_length<T>(reader, flexible);
    if (!length) return out.reset();
    assign(out.emplace(), reader.read_span(*length));
}

template <class T>
void read_elements(Reader& reader, bool flexible, std::size_t count, std::vector<T>& out) {
    out.resize(count);
    for (T& each : out) {
        read_field(reader, flexible, each);
        if (!reader.ok()) return;
    }
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void read_field(Reader& reader, bool flexible, std::vector<T>& out) {
    const auto count = reader.read_count(flexible, size_min<T>(flexible));
    if (!count) return reader.fail();
    read_elements(reader, flexible, *count, out);
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void read_field(Reader& reader, bool flexible, std::optional<std::vector<T>>& out) {
    const auto count = reader.read_count(flexible, size_min<T>(flexible));
    if (!count) return out.reset();
    read_elements(reader, flexible, *count, out.emplace());
}

/// A field that may be null in other versions, but not in this one.
template <class T>
void read_required(Reader& reader, bool flexible, std::optional<T>& out) {
    read_field(reader, flexible, out.emplace());
}

template <class Struct>
void read_structs(Reader& reader, std::size_t count, std::int16_t version,
                  std::vector<Struct>& out) {
    out.resize(count);
    for (Struct& each : out) {
        each.read(reader, version);
        if (!reader.ok()) return;
    }
}

template <class Struct>
void read_structs(Reader& reader, bool flexible, std::size_t struct_size_min, std::int16_t version,
                  std::vector<Struct>& out) {
    const auto count = reader.read_count(flexible, struct_size_min);
    if (!count) return reader.fail();
    read_structs(reader, *count, version, out);
}

template <class Struct>
void read_structs(Reader& reader, bool flexible, std::size_t struct_size_min, std::int16_t version,
                  std::optional<std::vector<Struct>>& out) {
    const auto count = reader.read_count(flexible, struct_size_min);
    if (!count) return out.reset();
    read_structs(reader, *count, version, out.emplace());
}

template <class Struct>
void read_required_structs(Reader& reader, bool flexible, std::size_t struct_size_min,
                           std::int16_t version, std::optional<std::vector<Struct>>& out) {
    read_structs(reader, flexible, struct_size_min, version, out.emplace());
}

/// A nullable struct is preceded by a signed byte: negative for null.
template <class Struct>
void read_nullable_struct(Reader& reader, std::int16_t version, std::optional<Struct>& out) {
    out.reset();
    if (reader.read<std::int8_t>() >= 0 && reader.ok()) out.emplace().read(reader, version);
}

template <std::integral Int>
void write_field(Writer& writer, bool, Int value) {
    writer.put(value);
}
inline void write_field(Writer& writer, bool, bool value) {
    writer.put(static_cast<std::uint8_t>(value));
}
inline void write_field(Writer& writer, bool, double value) { writer.put_float64(value); }
inline void write_field(Writer& writer, bool, const Uuid& value) { writer.put_uuid(value); }
inline void write_field(Writer& writer, bool flexible, const std::string& value) {
    writer.put_string_length(flexible, value.size());
    writer.put_span(as_bytes(value));
}
inline void write_field(Writer& writer, bool flexible, ByteView value) {
    writer.put_bytes_length(flexible, value.size());
    writer.splice(value);
}
inline void write_field(Writer& writer, bool flexible, const Bytes& value) {
    writer.put_bytes_length(flexible, value.size());
    writer.splice(value);
}
inline void write_field(Writer& writer, bool flexible, const Records& value) {
    writer.put_bytes_length(flexible, value.size());
    writer.splice(value.owned());
    for (const Part& part : value.parts()) writer.splice(part);
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void write_field(Writer& writer, bool flexible, const std::vector<T>& values) {
    writer.put_count(flexible, values.size());
    for (const T& each : values) write_field(writer, flexible, each);
}

template <class T>
void write_field(Writer& writer, bool flexible, const std::optional<T>& value) {
    if (value) return write_field(writer, flexible, *value);
    if constexpr (std::same_as<T, std::string>) return writer.put_string_length(flexible, {});
    writer.put_bytes_length(flexible, {});
}

/// A field that may be null in other versions, but not in this one.
template <class T>
void write_required(Writer& writer, bool flexible, const std::optional<T>& value) {
    if (!value) return writer.fail(Errc::kUnsupportedVersion);
    write_field(writer, flexible, *value);
}

template <class Struct>
void write_structs(Writer& writer, bool flexible, std::int16_t version,
                   const std::vector<Struct>& values) {
    writer.put_count(flexible, values.size());
    for (const Struct& each : values) each.write(writer, version);
}

template <class Struct>
void write_structs(Writer& writer, bool flexible, std::int16_t version,
                   const std::optional<std::vector<Struct>>& values) {
    if (!values) return writer.put_count(flexible, {});
    write_structs(writer, flexible, version, *values);
}

template <class Struct>
void write_required_structs(Writer& writer, bool flexible, std::int16_t version,
                            const std::optional<std::vector<Struct>>& values) {
    if (!values) return writer.fail(Errc::kUnsupportedVersion);
    write_structs(writer, flexible, version, *values);
}

template <class Struct>
void write_nullable_struct(Writer& writer, std::int16_t version,
                           const std::optional<Struct>& value) {
    writer.put(value ? std::int8_t{1} : std::int8_t{-1});
    if (value) value->write(writer, version);
}

inline bool same_bytes(ByteView left, ByteView right) { return std::ranges::equal(left, right); }
inline bool same_bytes(const std::optional<ByteView>& left, const std::optional<ByteView>& right) {
    if (!left || !right) return left.has_value() == right.has_value();
    return std::ranges::equal(*left, *right);
}

}  // namespace millrace::codec
