// What `millrace dev` sets: a broker that starts at once, takes little, and leaves nothing.
#pragma once

#include "core/config/properties.hpp"

#include <cstdint>
#include <string>

namespace millrace {

/// The configuration of a throw-away broker in `folder`, reached by any address of this machine.
/// What is acknowledged is on stable storage here too.
Properties dev_properties(const std::string& folder, std::uint16_t port);

}  // namespace millrace
