// A message as the JSON that Kafka's own classes read: fields by Kafka's names, ids and bytes in
// base64.
#pragma once

#include "core/base/base64.hpp"
#include "protocol/wire.hpp"

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// A visitor of a message's fields.
class JsonText {
public:
    std::string take() && { return "{" + text_ + "}"; }

    template <class T>
    void field(std::string_view name, const T& value, bool) {
        begin(name);
        write(value);
    }

    template <class Struct, class VisitOne>
    void nested(std::string_view name, Struct& value, bool, VisitOne visit_one) {
        begin(name);
        write_struct(value, visit_one);
    }
    template <class Struct, class VisitOne>
    void nested(std::string_view name, std::optional<Struct>& value, bool, VisitOne visit_one) {
        begin(name);
        if (!value) return write_null();
        write_struct(*value, visit_one);
    }

    template <class Struct, class VisitOne>
    void each(std::string_view name, std::vector<Struct>& value, bool, VisitOne visit_one) {
        begin(name);
        write_structs(value, visit_one);
    }
    template <class Struct, class VisitOne>
    void each(std::string_view name, std::optional<std::vector<Struct>>& value, bool,
              VisitOne visit_one) {
        begin(name);
        if (!value) return write_null();
        write_structs(*value, visit_one);
    }

private:
    void comma() {
        const bool is_first = text_.empty() || text_.back() == '{' || text_.back() == '[';
        if (!is_first) text_ += ',';
    }
    void begin(std::string_view name) {
        comma();
        text_ += fmt::format("\"{}\":", name);
    }
    void write_null() { text_ += "null"; }

    template <class Struct, class VisitOne>
    void write_struct(Struct& value, VisitOne& visit_one) {
        text_ += '{';
        visit_one(value);
        text_ += '}';
    }
    template <class Struct, class VisitOne>
    void write_structs(std::vector<Struct>& value, VisitOne& visit_one) {
        text_ += '[';
        for (Struct& one : value) {
            comma();
            write_struct(one, visit_one);
        }
        text_ += ']';
    }

    template <std::integral Int>
    void write(const Int& value) {
        text_ += fmt::format("{}", value);
    }
    void write(const bool& value) { text_ += value ? "true" : "false"; }
    // With an exponent: else a whole number would be taken for an integer.
    void write(const double& value) { text_ += fmt::format("{:.17e}", value); }
    void write(const Uuid& value) { text_ += fmt::format("\"{}\"", value.to_string()); }
    void write(const ByteView& value) { text_ += fmt::format("\"{}\"", to_base64(value)); }
    void write(const Bytes& value) { write(ByteView(value)); }
    void write(const Records& value) { write(value.to_bytes()); }
    void write(const std::string& value) {
        text_ += '"';
        for (const char each : value) {
            const auto byte = static_cast<unsigned char>(each);
            if (byte < 0x20) {
                text_ += fmt::format("\\u{:04x}", byte);
            } else {
                if (each == '"' || each == '\\') text_ += '\\';
                text_ += each;
            }
        }
        text_ += '"';
    }
    template <class T>
        requires(!std::same_as<T, std::byte>)
    void write(const std::vector<T>& value) {
        text_ += '[';
        for (const T& one : value) {
            comma();
            write(one);
        }
        text_ += ']';
    }
    template <class T>
    void write(const std::optional<T>& value) {
        if (!value) return write_null();
        write(*value);
    }

    std::string text_;
};

}  // namespace millrace
