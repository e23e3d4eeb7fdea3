// The rules of keys whose values have a form of their own: each says what is wrong with a value of
// the key's type, in Kafka's words, or nothing.
#pragma once

#include "core/config/key.hpp"

namespace millrace {

/// -1, or 1 to 9.
std::optional<std::string> gzip_level_problem(const KeyDescription& key, std::string_view value);
/// A release of Kafka, or a version within one.
std::optional<std::string> version_problem(const KeyDescription& key, std::string_view value);
/// PARTITION:BROKER several times, or a star.
std::optional<std::string> throttled_replicas_problem(const KeyDescription& key,
                                                      std::string_view value);
std::optional<std::string> not_empty_problem(const KeyDescription& key, std::string_view value);
/// -1, or a number of threads.
std::optional<std::string> pool_size_problem(const KeyDescription& key, std::string_view value);
/// From 0 to 0.5.
std::optional<std::string> half_problem(const KeyDescription& key, std::string_view value);
std::optional<std::string> migration_policy_problem(const KeyDescription& key,
                                                    std::string_view value);
/// The number of one of Kafka's codecs.
std::optional<std::string> codec_problem(const KeyDescription& key, std::string_view value);
/// ID@HOST:PORT several times.
std::optional<std::string> voters_problem(const KeyDescription& key, std::string_view value);
/// HOST:PORT several times.
std::optional<std::string> servers_problem(const KeyDescription& key, std::string_view value);
/// None of them twice.
std::optional<std::string> roles_problem(const KeyDescription& key, std::string_view value);

/// The version that a version's or a release's text stands for. REQUIRES: version_problem() finds
/// nothing.
std::string version_name(std::string_view text);

/// Brokers before 3.0 write records in the format that log.message.format.version names, later ones
/// in the latest.
bool is_before_3_0(std::string_view version);

}  // namespace millrace
