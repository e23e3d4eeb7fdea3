// JSON for programs, written in the order in which it is said.
#pragma once

#include "core/base/bytes.hpp"

#include <concepts>
#include <string>
#include <string_view>

namespace millrace {

/// One value piece by piece; commas are its own business.
class JsonText {
public:
    void begin_object() { open('{'); }
    void end_object() { text_ += '}'; }
    void begin_array() { open('['); }
    void end_array() { text_ += ']'; }
    void key(std::string_view name);
    void value(std::string_view text);
    void value(const char* text) { value(std::string_view(text)); }
    void value(bool flag) { put(flag ? "true" : "false"); }
    template <std::integral Int>
    void value(Int number) {
        put(std::to_string(number));
    }
    void null() { put("null"); }

    template <class T>
    void field(std::string_view name, const T& what) {
        key(name);
        value(what);
    }
    /// Bytes that may be no text: under `name`, or in base64 under `name`_base64.
    void bytes_field(std::string_view name, ByteView bytes);
    void null_field(std::string_view name) {
        key(name);
        null();
    }

    const std::string& text() const { return text_; }

private:
    void separate();
    void open(char bracket);
    void put(std::string_view raw);

    std::string text_;
};

/// As JSON and RFC 8259 want it, quotes included. REQUIRES: UTF-8.
void append_json(std::string& out, std::string_view text);

bool is_utf8(ByteView bytes);

}  // namespace millrace
