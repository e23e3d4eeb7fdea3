// SipHash-2-4 of 128 bits: whoever doesn't know its key finds no two inputs with the same hash. So
// the hash of a record's key may stand for the key.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>

namespace millrace {

struct KeyHash {
    std::uint64_t first{};
    std::uint64_t second{};

    bool operator==(const KeyHash&) const = default;
};

/// `secret` is the hash's key, of two words.
struct HashSecret {
    std::uint64_t first{};
    std::uint64_t second{};
};

KeyHash hash_key(const HashSecret& secret, ByteView bytes);

}  // namespace millrace
