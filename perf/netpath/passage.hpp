// How far a step is that goes through something in between, a buffer or a pipe: either of the two
// transfers may move less than was asked for.
#pragma once

#include "core/base/assert.hpp"

#include <cstddef>
#include <cstdint>

namespace millrace::netpath {

class Passage {
public:
    Passage(std::uint64_t offset, std::size_t size) : offset_(offset), size_(size) {}

    /// How much the file still has, and from where on.
    std::size_t outside() const { return size_ - in_; }
    std::uint64_t position() const { return offset_ + in_; }
    /// How much is in between.
    std::size_t inside() const { return in_ - out_; }
    /// Where in a buffer of the step's size the next byte goes in, and the next one out.
    std::size_t put_at() const { return in_; }
    std::size_t take_at() const { return out_; }
    bool done() const { return out_ == size_; }

    void put(std::size_t count) {
        expect_at_most(static_cast<std::int64_t>(count), static_cast<std::int64_t>(outside()),
                       "what goes in is there");
        in_ += count;
    }
    void take(std::size_t count) {
        expect_at_most(static_cast<std::int64_t>(count), static_cast<std::int64_t>(inside()),
                       "what comes out is in");
        out_ += count;
    }

private:
    std::uint64_t offset_;
    std::size_t size_;
    std::size_t in_{};
    std::size_t out_{};
};

}  // namespace millrace::netpath
