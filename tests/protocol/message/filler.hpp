// Random content for messages; the generated *_fill.hpp say which fields a version has.
#pragma once

#include "protocol/wire.hpp"

#include <concepts>
#include <deque>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace millrace {

/// Keeps what it lent out as ByteView, so it has to outlive the message.
class Filler {
public:
    explicit Filler(std::uint64_t seed) : random_(seed) {}

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
    void fill(std::string& out, bool) { out = as_text(some_bytes()); }
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

    template <class Struct, class FillOne>
    void fill_each(std::vector<Struct>& out, bool, FillOne fill_one) {
        out.resize(random_() % 4);
        for (Struct& each : out) fill_one(each);
    }
    template <class Struct, class FillOne>
    void fill_each(std::optional<std::vector<Struct>>& out, bool nullable, FillOne fill_one) {
        if (nullable && chance(3)) return out.reset();
        fill_each(out.emplace(), false, fill_one);
    }
    template <class Struct, class FillOne>
    void fill_each(std::optional<Struct>& out, bool nullable, FillOne fill_one) {
        if (nullable && chance(3)) return out.reset();
        fill_one(out.emplace());
    }

private:
    bool chance(unsigned of) { return random_() % of == 0; }

    const Bytes& some_bytes() {
        // Sometimes over the size from which a Writer splices, and over a varint's first byte.
        const std::size_t size = chance(8) ? 2 * Writer::kSpliceMin : random_() % 20;
        Bytes& bytes = kept_.emplace_back(size);
        for (std::byte& each : bytes) each = static_cast<std::byte>(random_());
        return bytes;
    }

    std::mt19937_64 random_;
    std::deque<Bytes> kept_;
};

}  // namespace millrace
