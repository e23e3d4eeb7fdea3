// partition.metadata: which topic a partition folder belongs to, by id, so that data of a deleted
// topic is never taken for that of a new one with the same name.
#pragma once

#include "core/base/result.hpp"
#include "core/base/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// The id that 22 characters of unpadded base64url spell; the inverse of Uuid::to_string().
std::optional<Uuid> parse_uuid(std::string_view text);

std::string format_partition_metadata(const Uuid& topic_id);

/// kUnsupportedVersion for a version other than 0; kMalformed for a missing, unreadable or zero id.
Result<Uuid> parse_partition_metadata(std::string_view text);

}  // namespace millrace
