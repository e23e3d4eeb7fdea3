#include "cluster/tools/tool.hpp"

#include "cluster/tools/json_text.hpp"

#include <cerrno>

namespace millrace {
namespace {

Task<Outcome<>> print(World& world, const Terminal& terminal, const Outcome<std::string>& said) {
    if (!said) co_return said.error();
    Output output(world, terminal.output);
    output.add(*said);
    const auto written = co_await output.flush();
    // A reader that has seen enough is no failure.
    if (written || written.error() == system_error(EPIPE)) co_return Outcome<>();
    co_return refused("the output: " + written.error().message());
}

Task<Outcome<>> do_it(Cluster& cluster, const ToolOptions& options, const Terminal& terminal) {
    const auto connected = co_await cluster.connect();
    if (!connected) co_return connected;
    if (const auto* const topics = std::get_if<TopicsOptions>(&options.wish)) {
        const auto said = co_await tell_topics(cluster, *topics, terminal.columns);
        co_return co_await print(cluster.world(), terminal, said);
    }
    if (const auto* const groups = std::get_if<GroupsOptions>(&options.wish)) {
        const auto said = co_await run_groups(cluster, *groups, terminal.columns);
        co_return co_await print(cluster.world(), terminal, said);
    }
    if (const auto* const consumed = std::get_if<ConsumeOptions>(&options.wish)) {
        co_return co_await consume(cluster, *consumed, terminal);
    }
    co_return co_await produce(cluster, std::get<ProduceOptions>(options.wish), terminal);
}

std::string told(const Failure& failure, bool as_json) {
    if (!as_json) return "millrace: " + failure.text + "\n";
    JsonText json;
    json.begin_object();
    json.field("error", failure.text);
    json.end_object();
    return json.text() + "\n";
}

}  // namespace

Task<ToolExit> run_tool(World& world, const ToolOptions& options, const Terminal& terminal) {
    Cluster cluster(world, options.bootstrap);
    const auto done = co_await do_it(cluster, options, terminal);
    co_await cluster.close();
    if (done) co_return ToolExit::kDone;
    const Failure failure = done.error();
    Output messages(world, terminal.messages);
    messages.add(told(failure, options.json));
    (void)co_await messages.flush();
    co_return failure.exit;
}

}  // namespace millrace
