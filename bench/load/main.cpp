// millrace_load_generator: produces to one topic of any Kafka, from 0.11 on, and says how fast it
// was answered. One thread.
#include "bench/load/report.hpp"
#include "bench/load/run.hpp"
#include "uring/ring_world.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace millrace::bench {
namespace {

/// What a failure of the brokers ends with is ToolExit's.
int complain(const std::string& text, ToolExit exit) {
    std::fprintf(stderr, "millrace_load_generator: %s\n", text.c_str());
    return static_cast<int>(exit);
}

void add_load(CLI::App& app, Shape& shape) {
    const std::map<std::string, std::int16_t> acks{{"0", 0}, {"1", 1}, {"all", -1}};
    app.add_option("--producers", shape.producers,
                   "connections to each broker that leads something")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--acks", shape.acks, "0, 1 or all (the default)")
        ->transform(CLI::CheckedTransformer(acks));
    app.add_option("--record-bytes", shape.record_bytes, "of each value")
        ->check(CLI::Range(0, 64 << 20));
    app.add_option("--batch-records", shape.batch_records, "in each batch")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--request-batches", shape.request_batches, "of different partitions, at most")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--in-flight", shape.in_flight, "requests on one connection")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--keys", shape.keys, "different keys; without, records have none")
        ->check(CLI::Range(1, 100'000'000));
    app.add_option("--rate", shape.rate,
                   "records a second in all, latency counted from when each is due;"
                   " without, as fast as answers come")
        ->check(CLI::Range(0.001, 1e9));
}

void add_course(CLI::App& app, Shape& shape) {
    app.add_option("--topic", shape.topic, "made when it isn't there");
    app.add_option("--partitions", shape.partitions, "that the topic has or gets")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--seconds", shape.seconds, "that are measured")->check(CLI::Range(0.01, 1e6));
    app.add_option("--warm-up", shape.warm_up_s, "seconds before that")->check(CLI::Range(0., 1e6));
    app.add_flag("--remove-topic", shape.removes_topic, "at the end");
    app.add_flag("--tell-begin", shape.tells_begin, "a line when the warm-up is over");
}

Task<> use(RingWorld& world, const Shape& shape, const Terminal& terminal, int& exit_code) {
    Run run(world, shape, terminal);
    auto done = co_await run.measure();
    if (done) {
        const Circumstances circumstances{run.partitions(), run.connections(), run.cpu_s()};
        std::fputs(result_line(shape, circumstances, run.tally()).c_str(), stdout);
        std::fflush(stdout);
    }
    const auto closed = co_await run.close();
    if (done) done = closed;
    exit_code = done ? 0 : complain(done.error().text, done.error().exit);
    world.stop();
}

int run(const Shape& shape) {
    std::signal(SIGPIPE, SIG_IGN);
    const auto world = RingWorld::open(RingFeatures::allowed_by_environment());
    if (!world) return complain(explain_refusal(world.error()), ToolExit::kUnreachable);
    Terminal terminal;
    terminal.shows_progress = isatty(STDERR_FILENO) != 0;
    int exit_code = 0;
    spawn(**world, use(**world, shape, terminal, exit_code));
    (*world)->run();
    return exit_code;
}

int main(int argc, char** argv) {
    Shape shape;
    std::string bootstrap = "127.0.0.1:9092";
    CLI::App app("Produces to a topic of any Kafka, and prints one JSON object of what it took.");
    app.add_option("-b,--bootstrap", bootstrap, "HOST:PORT,... of one or more brokers");
    add_course(app, shape);
    add_load(app, shape);
    CLI11_PARSE(app, argc, argv);
    const auto brokers = parse_bootstrap(bootstrap);
    if (!brokers) return complain("no HOST:PORT: " + bootstrap, ToolExit::kWrongUsage);
    shape.bootstrap = *brokers;
    return run(shape);
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) { return millrace::bench::main(argc, argv); }
