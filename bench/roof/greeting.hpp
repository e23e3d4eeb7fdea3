// What clients ask before they send records, answered as Kafka would: versions, and topics that are
// all there, with all their partitions here.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>

namespace millrace::bench {

struct Host {
    std::uint16_t port{};
    std::int32_t partitions{1};
};

/// The frame of the answer to the request in `frame`, which is without its size. Throws for what no
/// client asks before it produces.
Bytes greet(const Host& host, ByteView frame);

/// The frame of the answer that takes all records of the produce request in `frame`; empty with
/// acks=0, which nobody answers.
Bytes acceptance_of(ByteView frame);

}  // namespace millrace::bench
