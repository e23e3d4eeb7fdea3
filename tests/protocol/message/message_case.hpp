// Every generated message without its type, for the tests that hold for all of them.
#pragma once

#include "protocol/wire.hpp"
#include "tests/protocol/message/filler.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// A message that was encoded.
struct Instance {
    Bytes bytes;
    Result<void> encoded;
    bool comes_back{};  // decoded it is equal, and nothing is left over
};

struct MessageCase {
    std::int16_t key{};
    std::string role;  // request or response
    std::string name;  // ProduceRequest
    VersionRange versions;
    /// Random content, the same for a seed; without one the message is as fresh as can be.
    Instance (*make)(std::int16_t version, std::optional<std::uint64_t> seed, Strings strings);
    Result<void> (*decode)(ByteView bytes, std::int16_t version);
};

/// In the order of the schemas, each request before its response.
const std::vector<MessageCase>& all_messages();

}  // namespace millrace
