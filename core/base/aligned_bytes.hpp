// Memory that a direct read or write can use: aligned to blocks, owned, of fixed size.
#pragma once

#include "core/base/assert.hpp"
#include "core/base/bytes.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

namespace millrace {

inline constexpr std::size_t kMemoryAlignment = 4096;

inline constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

inline constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t unit) {
    return value / unit * unit;
}

/// Not initialised unless zero() is called.
class AlignedBytes {
public:
    AlignedBytes() = default;
    explicit AlignedBytes(std::size_t size)
        : memory_(static_cast<std::byte*>(
              std::aligned_alloc(kMemoryAlignment, round_up(size, kMemoryAlignment)))),
          size_(size) {
        expect(memory_ != nullptr, "out of memory");
    }

    std::byte* data() const { return memory_.get(); }
    std::size_t size() const { return size_; }
    MutableBytes bytes() const { return {memory_.get(), size_}; }
    void zero() { std::memset(memory_.get(), 0, size_); }

private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };

    std::unique_ptr<std::byte[], Free> memory_;
    std::size_t size_{};
};

}  // namespace millrace
