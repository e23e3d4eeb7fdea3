// Reader of Java's .properties format, complete, because server.properties files in use rely on its
// corners: continued lines, escapes, three kinds of separators, and the last of equal keys wins.
#pragma once

#include "core/base/result.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace millrace {

/// Sorted, so that whatever walks over it does so in the same order everywhere.
using Properties = std::map<std::string, std::string, std::less<>>;

/// Text is taken as UTF-8 and passed through. kMalformed only for a \u escape without four
/// hexadecimal digits, which is what Java refuses too.
Result<Properties> parse_properties(std::string_view text);

}  // namespace millrace
