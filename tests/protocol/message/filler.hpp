// Random content for messages; the generated *_fields.hpp say which fields a version has.
#pragma once

#include "protocol/wire.hpp"

#include <concepts>
#include <deque>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// What strings hold: whatever fits, or text that has to survive a stranger's decoder.
enum class Strings { kAnyBytes, kUtf8 };

/// A visitor of a message's fields. Keeps what it lent out as ByteView, so it has to outlive the
/// message.
class Filler {
public:
    explicit Filler(std::uint64_t seed, Strings strings = Strings::kAnyBytes)
        : random_(seed), strings_(strings) {}

    template <class T>
    void field(std::string_view, T& value, bool nullable) {
        fill(value, nullable);
    }

    template <class Struct, class FillOne>
    void nested(std::string_view, Struct& value, bool, FillOne fill_one) {
        fill_one(value);
    }
    template <class Struct, class FillOne>
    void nested(std::string_view, std::optional<Struct>& value, bool nullable, FillOne fill_one) {
        if (nullable && chance(3)) return value.reset();
        fill_one(value.emplace());
    }

    template <class Struct, class FillOne>
    void each(std::string_view, std::vector<Struct>& value, bool, FillOne fill_one) {
        value.resize(random_() % 4);
        for (Struct& one : value) fill_one(one);
    }
    template <class Struct, class FillOne>
    void each(std::string_view name, std::optional<std::vector<Struct>>& value, bool nullable,
              FillOne fill_one) {
        if (nullable && chance(3)) return value.reset();
        each(name, value.emplace(), false, fill_one);
    }

private:
    template <std::integral Int>
    void fill(Int& out, bool) {
        // A default now and then, because tagged fields take the other path then.
        if (chance(4)) return;
        out = static_cast<Int>(random_());
    }
    void fill(bool& out, bool) { out = chance(2); }
    void fill(double& out, bool) { out = static_cast<double>(random_()) / 3; }
    void fill(Uuid& out, bool) {
        for (std::byte& each : out.bytes) each = static_cast<std::byte>(random_());
    }
    void fill(std::string& out, bool) {
        out = strings_ == Strings::kUtf8 ? some_text() : std::string(as_text(some_bytes()));
    }
    void fill(ByteView& out, bool) { out = some_bytes(); }
    void fill(Bytes& out, bool) { out = some_bytes(); }
    void fill(Records& out, bool) {
        out = Records();
        for (std::size_t left = random_() % 4; left > 0; --left) out.add(some_bytes());
    }

    template <class T>
        requires(!std::same_as<T, std::byte>)
    void fill(std::vector<T>& out, bool) {
        out.resize(random_() % 4);
        for (T& each : out) fill(each, false);
    }

    template <class T>
    void fill(std::optional<T>& out, bool nullable) {
        if (nullable && chance(3)) return out.reset();
        fill(out.emplace(), false);
    }

    bool chance(unsigned of) { return random_() % of == 0; }

    const Bytes& some_bytes() {
        // Sometimes over the size from which a Writer splices, and over a varint's first byte.
        const std::size_t size = chance(8) ? 2 * Writer::kSpliceMin : random_() % 20;
        Bytes& bytes = kept_.emplace_back(size);
        for (std::byte& each : bytes) each = static_cast<std::byte>(random_());
        return bytes;
    }

    std::string some_text() {
        std::string text;
        for (std::size_t left = random_() % 12; left > 0; --left)
            append_utf8(text, some_code_point());
        return text;
    }

    /// One to four bytes long, all alike often; no surrogate, which is no character.
    char32_t some_code_point() {
        constexpr char32_t kEnds[] = {0x80, 0x800, 0xD800, 0x110000};
        // One draw after the other: in one expression their order would be the compiler's.
        const char32_t end = kEnds[random_() % 4];
        const auto found = static_cast<char32_t>(random_() % end);
        return found >= 0xD800 && found < 0xE000 ? U'x' : found;
    }

    static void append_utf8(std::string& text, char32_t point) {
        const auto tail = [&](int shift) {
            text += static_cast<char>(0x80 | ((point >> shift) & 0x3F));
        };
        if (point < 0x80) {
            text += static_cast<char>(point);
        } else if (point < 0x800) {
            text += static_cast<char>(0xC0 | (point >> 6));
            tail(0);
        } else if (point < 0x10000) {
            text += static_cast<char>(0xE0 | (point >> 12));
            tail(6);
            tail(0);
        } else {
            text += static_cast<char>(0xF0 | (point >> 18));
            tail(12);
            tail(6);
            tail(0);
        }
    }

    std::mt19937_64 random_;
    const Strings strings_;
    std::deque<Bytes> kept_;
};

}  // namespace millrace
