// What a consumer says of itself when it joins its group, as far as a broker looks into it.
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

/// The topics that a consumer wants: later versions go on behind the first one's fields. Nothing
/// when it is none of these.
std::optional<std::vector<std::string>> subscribed_topics(ByteView metadata);

}  // namespace millrace
