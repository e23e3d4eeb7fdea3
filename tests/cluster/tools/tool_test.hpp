// A test that runs tools against a whole broker, as the process would: files in the place of the
// three handles.
#pragma once

#include "cluster/tools/tool.hpp"
#include "core/runtime/file.hpp"
#include "tests/support/broker_test.hpp"

#include <fstream>
#include <sstream>

namespace millrace {

/// What a tool leaves.
struct Ran {
    ToolExit exit{};
    std::string said;        // on the output
    std::string complained;  // and what else there was to say

    bool is_fine() const { return exit == ToolExit::kDone; }
};

/// Runs tools in the loop of their broker.
class Tools {
public:
    Tools(World& world, std::uint16_t port, std::string folder)
        : world_(world), port_(port), folder_(std::move(folder)) {}

    World& world() const { return world_; }
    void set_port(std::uint16_t port) { port_ = port; }
    void set_columns(std::size_t columns) { terminal_.columns = columns; }
    void set_interruption(bool (*interrupted)()) { terminal_.interrupted = interrupted; }

    /// `wish` is one of the tools' options.
    template <class Wish>
    Task<Ran> run(const Wish& wish, std::string_view input = {}) {
        const std::string base = folder_ + "/tool" + std::to_string(++runs_);
        const std::string in = base + ".in";
        const std::string out = base + ".out";
        const std::string err = base + ".err";
        std::ofstream(in, std::ios::binary) << input;
        auto from = co_await File::open(world_, in, OpenMode::kRead);
        auto to = co_await File::open(world_, out, OpenMode::kTruncate);
        auto messages = co_await File::open(world_, err, OpenMode::kTruncate);
        Terminal terminal = terminal_;
        terminal.input = from->handle();
        terminal.output = to->handle();
        terminal.messages = messages->handle();
        ToolOptions options;
        options.bootstrap.push_back({"127.0.0.1", port_});
        options.json = json_of(wish);
        options.wish = wish;
        Ran ran;
        ran.exit = co_await run_tool(world_, options, terminal);
        (void)co_await from->close();
        (void)co_await to->close();
        (void)co_await messages->close();
        ran.said = content(out);
        ran.complained = content(err);
        co_return ran;
    }

    /// Makes the topic, and sends a record for each line.
    Task<> fill(std::string_view topic, std::string_view lines) {
        ProduceOptions wish;
        wish.topic = topic;
        wish.create = true;
        wish.partition = 0;
        const Ran ran = co_await run(wish, lines);
        EXPECT_TRUE(ran.is_fine()) << ran.complained;
    }

private:
    template <class Wish>
    static bool json_of(const Wish& wish) {
        if constexpr (requires { wish.json; }) return wish.json;
        return false;
    }

    static std::string content(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        std::stringstream text;
        text << file.rdbuf();
        return text.str();
    }

    World& world_;
    std::uint16_t port_;
    const std::string folder_;
    Terminal terminal_;
    int runs_{};
};

/// The parameter is the number of shards.
class ToolTest : public BrokerTest {
protected:
    ToolTest() {
        more_ = {{"offsets.topic.num.partitions", "2"}, {"group.initial.rebalance.delay.ms", "0"}};
    }

    /// Runs `scenario(tools)`, a Task<>, beside a broker.
    template <class Scenario>
    void with_tools(Scenario scenario) {
        run(live(scenario));
    }

private:
    template <class Scenario>
    Task<> live(Scenario scenario) {
        Logger logger(*world_, lines_, LogFormat::kText);
        const BrokerConfig config = make_config();
        auto broker = co_await Broker::start(*world_, logger, config);
        EXPECT_TRUE(broker);
        Tools tools(*world_, (*broker)->port(), folder_);
        co_await scenario(tools);
        EXPECT_TRUE(co_await (*broker)->stop());
    }
};

}  // namespace millrace
