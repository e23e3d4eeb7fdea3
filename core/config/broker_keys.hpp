// Every key that a broker of Kafka 3.9 knows, and ours: type, default, range, and what setting it
// does here. One table, so that a key is honoured, refused with a remedy, or said to do nothing; it
// is never taken silently for something that it is not.
#pragma once

#include "core/config/key.hpp"

#include <span>
#include <string_view>

namespace millrace {

/// In rising order of names.
std::span<const KeyDescription> broker_keys();

/// Null for a key that the table does not describe.
const KeyDescription* find_broker_key(std::string_view name);

/// The described name that `name` is probably a slip of; empty when none is near.
std::string_view nearest_broker_key(std::string_view name);

}  // namespace millrace
