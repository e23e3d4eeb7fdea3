#include "core/storage/offset_map.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {
namespace {

// A full table would be searched for ever.
constexpr double kLoadMax = 0.95;
constexpr double kLoadMin = 0.05;

}  // namespace

OffsetMap::OffsetMap(const HashSecret& secret, std::uint64_t keys, const Limits& limits)
    : secret_(secret) {
    // What is no number, too.
    const bool is_more = limits.load_factor > kLoadMin;
    const double load = is_more ? std::min(limits.load_factor, kLoadMax) : kLoadMin;
    const std::size_t slots_max = std::max<std::size_t>(limits.bytes_max / kSlotBytes, 2);
    const auto room = static_cast<std::size_t>(static_cast<double>(slots_max) * load);
    keys_max_ = std::max<std::size_t>(std::min<std::uint64_t>(room, keys), 1);
    slot_count_ =
        std::min(slots_max, static_cast<std::size_t>(static_cast<double>(keys_max_) / load) + 2);
    // Fresh pages come zeroed, so that the shard isn't held while a large table is cleared.
    slots_.reset(static_cast<Slot*>(std::calloc(slot_count_, sizeof(Slot))));
    expect(slots_ != nullptr, "out of memory");
}

OffsetMap::Slot& OffsetMap::slot_of(const KeyHash& hash) const {
    std::size_t at = hash.first % slot_count_;
    while (slots_[at].next != 0 && slots_[at].hash != hash) {
        at = at + 1 == slot_count_ ? 0 : at + 1;
    }
    return slots_[at];
}

void OffsetMap::put(ByteView key, Offset offset) {
    expect(!is_full(), "a key is put into a full map");
    const KeyHash hash = hash_key(secret_, key);
    Slot& slot = slot_of(hash);
    if (slot.next == 0) ++keys_;
    slot = {hash, offset.value + 1};
    last_ = offset;
}

Offset OffsetMap::find(ByteView key) const {
    return Offset{slot_of(hash_key(secret_, key)).next - 1};
}

}  // namespace millrace
