// What was read from a log, as the version of a fetch can carry it.
#pragma once

#include "core/config/topic_config.hpp"
#include "core/runtime/part.hpp"
#include "core/storage/decompressor.hpp"
#include "core/storage/record_batch.hpp"
#include "protocol/error_code.hpp"

namespace millrace {

/// Below this version what is read has to be in memory: it is looked into.
inline constexpr std::int16_t kFetchUnseenFrom = 4;
/// Below this version no batch comes that is over the limits.
inline constexpr std::int16_t kFetchOverLimitFrom = 3;

/// Makes message sets of `batches` for versions below 4 (magic 0 below 2), by the topic's
/// configuration. They lie in memory of their own then, at most as much as was read unless the
/// first batch alone is more.
///
/// kUnsupportedCompressionType below version 10 where the topic's own compression is zstd, and
/// below version 4 for a batch of it; kUnsupportedVersion where the topic doesn't convert.
ErrorCode fit_to_version(Parts& batches, std::int16_t version, const TopicConfig& topic,
                         Offset from, Decompressor& decompressor);

}  // namespace millrace
