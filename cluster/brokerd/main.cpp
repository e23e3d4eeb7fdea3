// The composition root: reads the configuration, makes a ring world per shard, and runs a broker on
// them until a signal asks for a clean stop. The only file that sees both the real world and the
// domain.
#include "cluster/brokerd/admin.hpp"
#include "cluster/brokerd/args.hpp"
#include "cluster/brokerd/broker.hpp"
#include "uring/machine.hpp"
#include "uring/shard_threads.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <sys/signalfd.h>
#include <unistd.h>

namespace millrace {
namespace {

/// Lines to standard output, each in one write, so that a reader never sees half of one.
class StandardOutput final : public LogSink {
public:
    void write(std::string_view line) override {
        std::string text(line);
        text += '\n';
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }
};

constexpr std::uint64_t kCacheBytesMin = 16 << 20;

int complain(const std::string& text) {
    std::fprintf(stderr, "millrace: %s\n", text.c_str());
    return 1;
}

/// A descriptor that becomes readable when a stop is asked for. The signals' default actions are
/// off from here on.
int open_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {SIGTERM, SIGINT}) sigaddset(&signals, each);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

Task<> wait_for_stop(World& world, int stop_signals) {
    signalfd_siginfo received{};
    (void)co_await perform(world, {.kind = IoKind::kReadAt,
                                   .handle = stop_signals,
                                   .data = &received,
                                   .size = sizeof received});
}

Task<> serve(RingWorld& world, Logger& logger, const BrokerConfig& config, int stop_signals,
             int& exit_code) {
    const auto admin = co_await Admin::open(world, logger, config);
    if (admin) {
        auto broker = co_await Broker::start(world, logger, config);
        if (broker) {
            (*admin)->tell_ready();
            // As Kafka does; the stop tells that it isn't clean.
            (*broker)->on_storage_gone([] { kill(getpid(), SIGTERM); });
            co_await wait_for_stop(world, stop_signals);
            (*admin)->tell_unready("stopping");
            const auto stopped = co_await (*broker)->stop();
            exit_code = stopped ? 0 : 1;
        }
        co_await (*admin)->stop();
    }
    world.stop();
}

/// False when the directory stays as it is.
Task<bool> accept_loss(World& world, Logger& logger, const Topics::Options& options) {
    const std::string directory = options.log_dirs.front();
    const auto lost = co_await LogDirectory::accept_loss(world, logger, directory, options.log);
    if (lost && lost->empty()) logger.info("nothing was lost");
    co_return lost.has_value();
}

Task<> recover(RingWorld& world, Logger& logger, BrokerConfig config, bool accepts_loss,
               int& exit_code) {
    Topics::Options options = topic_options(config);
    options.broker_id = DirectoryIdentity::kAnyBroker;
    if (accepts_loss) {
        const bool accepted = co_await accept_loss(world, logger, options);
        if (!accepted) {
            world.stop();
            co_return;
        }
    }
    auto topics = co_await Topics::open(world, logger, options);
    if (topics) {
        const auto closed = co_await (*topics)->close();
        exit_code = closed ? 0 : 1;
        if (closed) logger.info("recovered, and stopped cleanly");
    }
    world.stop();
}

bool read_file(const std::string& path, Properties& properties) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    auto parsed = parse_properties(content.str());
    if (!file.good() || !parsed) return false;
    properties = std::move(*parsed);
    return true;
}

/// What the line at start tells about this kernel.
void report(Logger& logger, const RingWorld& world, const ConfigReading& reading) {
    for (const std::string& warning : reading.warnings) logger.warn(warning);
    if (!reading.harmless.empty()) {
        logger.info("keys that nothing here depends on", {{"keys", reading.harmless}});
    }
    logger.info("io_uring is ready", {{"features", world.features().to_string()}});
}

int run(const Arguments& arguments) {
    Properties properties;
    if (!arguments.properties_file.empty() && !read_file(arguments.properties_file, properties)) {
        return complain("cannot read " + arguments.properties_file +
                        ": it is missing, or a \\u in it lacks its four hexadecimal digits");
    }
    for (const auto& [name, value] : arguments.overrides) properties[name] = value;
    if (arguments.verb == Arguments::Verb::kRecover) properties["log.dirs"] = arguments.directory;
    // A quarter of the memory, unless told.
    properties.emplace("cache.bytes",
                       std::to_string(std::max(usable_memory("") / 4, kCacheBytesMin)));
    const ConfigReading reading = read_config(properties);
    for (const std::string& problem : reading.problems) complain(problem);
    if (!reading.problems.empty()) return 1;

    const int stop_signals = open_stop_signals();
    StandardOutput output;
    ShardThreadsOptions options;
    options.allowed = RingFeatures::allowed_by_environment();
    options.count = static_cast<ShardNumber>(reading.config.shards);
    if (options.count == 0) options.count = available_processors();
    // A recovery reads and writes files in turn: nothing for several threads to do.
    if (arguments.verb == Arguments::Verb::kRecover) options.count = 1;
    const auto threads = ShardThreads::open(options);
    if (!threads) return complain(explain_refusal(threads.error()));
    RingWorld* const world = &(*threads)->first();
    Logger logger(*world, output, reading.config.json_log ? LogFormat::kJson : LogFormat::kText);
    report(logger, *world, reading);
    int exit_code = 1;
    if (arguments.verb == Arguments::Verb::kRecover) {
        spawn(*world, recover(*world, logger, reading.config, arguments.accepts_loss, exit_code));
    } else {
        spawn(*world, serve(*world, logger, reading.config, stop_signals, exit_code));
    }
    world->run();
    close(stop_signals);
    return exit_code;
}

}  // namespace
}  // namespace millrace

int main(int count, char** values) {
    const millrace::Arguments arguments = millrace::parse_arguments(count, values);
    using Verb = millrace::Arguments::Verb;
    if (arguments.verb == Verb::kHelp) return std::fputs(millrace::kUsage, stdout) < 0 ? 1 : 0;
    if (arguments.verb == Verb::kWrong) {
        return millrace::complain(arguments.complaint + "\n" + millrace::kUsage);
    }
    return millrace::run(arguments);
}
