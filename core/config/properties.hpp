// Java's .properties files, as java.util.Properties reads them: comments, three kinds of separator,
// continued lines, escapes. The last of equal keys wins.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace millrace {

using Properties = std::map<std::string, std::string, std::less<>>;

/// Every text is a properties file to Java but one with a broken \u escape, which is kept as it
/// stands.
Properties parse_properties(std::string_view text);

}  // namespace millrace
