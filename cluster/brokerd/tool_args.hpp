// The command lines of the tools.
#pragma once

#include "cluster/tools/tool.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// Whether the word after `millrace` is one of the tools.
bool names_tool(std::string_view word);

struct ToolArguments {
    std::optional<ToolOptions> options;  // nothing: there is something to say instead
    std::string text;                    // help, or what is wrong
    bool is_help{};
};

/// `values[1]` names a tool.
ToolArguments parse_tool_arguments(int count, const char* const* values);

}  // namespace millrace
