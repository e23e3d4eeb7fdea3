// A tool from its options to its exit code.
#pragma once

#include "cluster/tools/consume_tool.hpp"
#include "cluster/tools/groups_tool.hpp"
#include "cluster/tools/produce_tool.hpp"
#include "cluster/tools/terminal.hpp"
#include "cluster/tools/topics_tool.hpp"

#include <variant>
#include <vector>

namespace millrace {

struct ToolOptions {
    std::vector<Endpoint> bootstrap;
    bool json{};  // failures too are told to a program
    std::variant<TopicsOptions, GroupsOptions, ConsumeOptions, ProduceOptions> wish;
};

/// Does what is wished for and says what there is to say. A failure is one line on the messages'
/// handle: "millrace: TEXT", or {"error":"TEXT"} with `json`.
Task<ToolExit> run_tool(World& world, const ToolOptions& options, const Terminal& terminal);

}  // namespace millrace
