// Fresh ids from a world's chance.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/types.hpp"
#include "core/runtime/world.hpp"

namespace millrace {

/// A random UUID of version 4, variant 1 (RFC 9562), as Java makes them; its text never begins with
/// '-', which Kafka's tools would take for an option.
inline Uuid random_uuid(World& world) {
    Uuid uuid;
    do {
        store_be(uuid.bytes.data(), world.random());
        store_be(uuid.bytes.data() + 8, world.random());
        uuid.bytes[6] = (uuid.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
        uuid.bytes[8] = (uuid.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    } while (uuid.to_string().front() == '-');
    return uuid;
}

}  // namespace millrace
