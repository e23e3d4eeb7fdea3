// Where to read from, as a person says it.
#pragma once

#include "cluster/tools/offsets.hpp"

#include <optional>
#include <string_view>

namespace millrace {

struct Position {
    enum class Kind {
        kBeginning,
        kEnd,
        kOffset,     // `number`
        kBeforeEnd,  // `number` offsets before the end
        kTime,       // `number` milliseconds since 1970
    };

    Kind kind = Kind::kBeginning;
    std::int64_t number{};

    bool operator==(const Position&) const = default;
};

/// "beginning", "end", an offset, "-N" for N before the end, or a time: "@MILLISECONDS" since 1970,
/// or YYYY-MM-DD, maybe THH:MM or THH:MM:SS, maybe with a zone (Z or +HH:MM); UTC without one.
/// Nothing when it is none of these.
std::optional<Position> parse_position(std::string_view text);

/// The offset of `position` in each of the partitions, inside what they hold: a time behind the
/// last record is the end.
Task<Outcome<Offsets>> find_positions(Cluster& cluster,
                                      const std::vector<TopicPartition>& partitions,
                                      const Position& position);

}  // namespace millrace
