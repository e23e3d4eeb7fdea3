// What somebody may have meant who mistyped a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// How many letters to put in, take out, change, or swap with their neighbour, to make one of the
/// other; capitals count as their small letters.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// At most three of `names`, the nearest first, none that is nothing like `wanted`. A name that
/// begins with `wanted`, or that `wanted` begins with, is near.
std::vector<std::string> nearest_names(std::string_view wanted,
                                       const std::vector<std::string>& names);

/// "there is no KIND 'WANTED'; did you mean 'A', 'B' or 'C'?", or what there is instead.
std::string not_there(std::string_view kind, std::string_view wanted,
                      const std::vector<std::string>& names);

}  // namespace millrace
