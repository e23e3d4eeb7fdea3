// Where in a log each key was last seen: what a cleaner goes by. Keys are kept as hashes, so that a
// key costs 24 bytes whatever its length.
#pragma once

#include "core/base/types.hpp"
#include "core/storage/key_hash.hpp"

#include <cstdlib>
#include <memory>

namespace millrace {

/// Owned by one cleaning. Memory: a table of fixed size, taken at once, touched as it fills.
class OffsetMap {
public:
    static constexpr std::size_t kSlotBytes = 24;

    struct Limits {
        std::size_t bytes_max{};
        double load_factor{};  // so much of the table at most is used
    };

    /// Takes `keys` different keys, or as many as `limits` have room for; one in any case.
    OffsetMap(const HashSecret& secret, std::uint64_t keys, const Limits& limits);

    bool is_full() const { return keys_ >= keys_max_; }
    std::size_t size() const { return keys_; }
    std::size_t keys_max() const { return keys_max_; }
    std::size_t bytes() const { return slot_count_ * kSlotBytes; }

    /// The record at `offset`, behind all that came before, has `key`. REQUIRES: !is_full().
    void put(ByteView key, Offset offset);
    /// Everything up to `offset` has been seen.
    void cover(Offset offset) { last_ = offset; }
    /// How far the map knows the log; -1 when it knows nothing.
    Offset last() const { return last_; }
    /// The last offset of `key`; -1 when the map doesn't have it.
    Offset find(ByteView key) const;

private:
    struct Slot {
        KeyHash hash;
        std::int64_t next{};  // behind the key's last offset; 0: the slot is free
    };
    static_assert(sizeof(Slot) == kSlotBytes);

    struct Free {
        void operator()(Slot* slots) const { std::free(slots); }
    };

    /// The slot that has the hash, or the free one where it belongs.
    Slot& slot_of(const KeyHash& hash) const;

    const HashSecret secret_;
    std::size_t keys_max_;
    std::size_t slot_count_;
    std::unique_ptr<Slot[], Free> slots_;
    std::size_t keys_{};
    Offset last_{-1};
};

}  // namespace millrace
