// The composition root: reads the configuration, makes a ring world per shard, and runs a broker on
// them until a signal asks for a clean stop. The only file that sees both the real world and the
// domain.
#include "cluster/brokerd/admin.hpp"
#include "cluster/brokerd/allocator.hpp"
#include "cluster/brokerd/args.hpp"
#include "cluster/brokerd/broker.hpp"
#include "cluster/brokerd/dev.hpp"
#include "cluster/brokerd/doctor.hpp"
#include "cluster/brokerd/recover.hpp"
#include "cluster/brokerd/tool_args.hpp"
#include "uring/host_probe.hpp"
#include "uring/machine.hpp"
#include "uring/shard_threads.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace millrace {
namespace {

/// Lines to a stream of the process, each in one write, so that a reader never sees half of one.
class LineOutput final : public LogSink {
public:
    explicit LineOutput(std::FILE* stream) : stream_(stream) {}

    void write(std::string_view line) override {
        std::string text(line);
        text += '\n';
        std::fwrite(text.data(), 1, text.size(), stream_);
        std::fflush(stream_);
    }

private:
    std::FILE* stream_;
};

constexpr std::uint64_t kCacheBytesMin = 16 << 20;

int complain(const std::string& text) {
    std::fprintf(stderr, "millrace: %s\n", text.c_str());
    return 1;
}

/// A descriptor that becomes readable when a stop is asked for. The signals' default actions are
/// off from here on. SIGHUP is among them as with a JVM: the terminal has gone.
int open_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
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

/// What a broker of this process is to do.
struct Life {
    const BrokerConfig& config;
    int stop_signals{};
    std::string throw_away_folder{};  // of dev
};

void announce(const std::string& folder, std::uint16_t port) {
    const std::string where = "127.0.0.1:" + std::to_string(port);
    LineOutput(stdout).write("listening on " + where +
                             ", and on the other addresses of this machine; Ctrl-C ends it and "
                             "removes " +
                             folder);
}

Task<> serve(RingWorld& world, Logger& logger, const Life& life, int& exit_code) {
    const auto admin = co_await Admin::open(world, logger, life.config);
    if (admin) {
        auto broker = co_await Broker::start(world, logger, life.config);
        if (broker) {
            Broker* const running = broker->get();
            (*admin)->tell_ready([running] { return running->group_figures(); });
            // As Kafka does; the stop tells that it isn't clean.
            (*broker)->on_storage_gone([] { kill(getpid(), SIGTERM); });
            if (!life.throw_away_folder.empty()) {
                announce(life.throw_away_folder, (*broker)->port());
            }
            co_await wait_for_stop(world, life.stop_signals);
            (*admin)->tell_unready("stopping");
            const auto stopped = co_await (*broker)->stop();
            exit_code = stopped ? 0 : 1;
        }
        co_await (*admin)->stop();
    }
    world.stop();
}

Task<> recover(RingWorld& world, Logger& logger, const BrokerConfig& config, bool accepts_loss,
               int& exit_code) {
    const Topics::Options options = topic_options(config);
    const bool recovered = co_await recover_directory(world, logger, options, accepts_loss);
    if (recovered) exit_code = 0;
    world.stop();
}

std::optional<Properties> read_properties(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    auto parsed = parse_properties(content.str());
    if (!file.good() || !parsed) {
        complain("cannot read " + path +
                 ": it is missing, or a \\u in it lacks its four hexadecimal digits");
        return std::nullopt;
    }
    return std::move(*parsed);
}

/// Those of the file, with those of the command line over them, and without what is wrong with
/// them: that has been said.
std::optional<ConfigReading> read_configuration(const Arguments& arguments, Properties properties) {
    if (!arguments.properties_file.empty()) {
        auto read = read_properties(arguments.properties_file);
        if (!read) return std::nullopt;
        properties.merge(*read);
    }
    for (const auto& [name, value] : arguments.overrides) properties[name] = value;
    // A quarter of the memory, unless told.
    properties.emplace("cache.bytes",
                       std::to_string(std::max(usable_memory("") / 4, kCacheBytesMin)));
    ConfigReading reading = read_config(properties);
    for (const std::string& problem : reading.problems) complain(problem);
    if (!reading.problems.empty()) return std::nullopt;
    return reading;
}

/// What the lines at start tell about the configuration and this kernel.
void report(Logger& logger, const RingWorld& world, const ConfigReading& reading) {
    for (const std::string& warning : reading.warnings) logger.warn(warning);
    if (!reading.harmless.empty()) {
        logger.info("keys that nothing here depends on", {{"keys", reading.harmless}});
    }
    logger.info("io_uring is ready", {{"features", world.features().to_string()}});
}

/// Runs `begin(world, logger, exit_code)`, a Task<>, on as many shards as are wished for; returns
/// the exit code that it leaves.
template <class Begin>
int run(const ConfigReading& reading, ShardNumber shards, LineOutput output, LogLevel least,
        Begin begin) {
    ShardThreadsOptions options;
    options.allowed = RingFeatures::allowed_by_environment();
    options.count = shards == 0 ? available_processors() : shards;
    const auto threads = ShardThreads::open(options);
    if (!threads) return complain(explain_refusal(threads.error()));
    RingWorld* const world = &(*threads)->first();
    const LogFormat format = reading.config.json_log ? LogFormat::kJson : LogFormat::kText;
    Logger logger(*world, output, format, least);
    report(logger, *world, reading);
    int exit_code = 1;
    spawn(*world, begin(*world, logger, exit_code));
    world->run();
    return exit_code;
}

int run_broker(const Life& life, const ConfigReading& reading, LineOutput output, LogLevel least) {
    const auto shards = static_cast<ShardNumber>(reading.config.shards);
    const auto begin = [&life](RingWorld& world, Logger& logger, int& exit_code) {
        return serve(world, logger, life, exit_code);
    };
    return run(reading, shards, output, least, begin);
}

int run_serve(const Arguments& arguments) {
    const auto reading = read_configuration(arguments, {});
    if (!reading) return 1;
    const Life life{reading->config, open_stop_signals()};
    return run_broker(life, *reading, LineOutput(stdout), LogLevel::kInfo);
}

int run_recover(const Arguments& arguments) {
    const auto reading = read_configuration(arguments, {{"log.dirs", arguments.directory}});
    if (!reading) return 1;
    const auto begin = [&](RingWorld& world, Logger& logger, int& exit_code) {
        return recover(world, logger, reading->config, arguments.accepts_loss, exit_code);
    };
    // A recovery reads and writes files in turn: nothing for several threads to do.
    return run(*reading, 1, LineOutput(stdout), LogLevel::kInfo, begin);
}

/// Standard output has the one line that people and scripts wait for.
int run_dev(const Arguments& arguments) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    std::string folder = (fs::temp_directory_path(ignored) / "millrace-dev-XXXXXX").string();
    const int stop_signals = open_stop_signals();
    if (mkdtemp(folder.data()) == nullptr) {
        return complain("cannot make a folder like " + folder + ": set TMPDIR to another place");
    }
    int exit_code = 1;
    if (const auto reading =
            read_configuration(arguments, dev_properties(folder, arguments.port))) {
        const Life life{reading->config, stop_signals, folder};
        exit_code = run_broker(life, *reading, LineOutput(stderr), LogLevel::kWarn);
    }
    fs::remove_all(folder, ignored);
    return exit_code;
}

using States = std::map<std::string, DirectoryState>;

Task<> look_at_states(RingWorld& world, std::vector<std::string> paths, States& states) {
    for (const std::string& path : paths) {
        const auto state = co_await look_at_directory(world, path);
        if (state) states.emplace(path, *state);
    }
    world.stop();
}

/// Of those that can be looked at. Without io_uring none can.
States find_states(std::vector<std::string> paths) {
    States states;
    const auto world = RingWorld::open(RingFeatures::allowed_by_environment());
    if (!world) return states;
    spawn(**world, look_at_states(**world, std::move(paths), states));
    (*world)->run();
    return states;
}

void check_folders(const BrokerConfig& config, std::vector<FolderFacts>& folders,
                   std::vector<Check>& checks) {
    std::vector<std::string> unused;
    for (const std::string& path : config.log_dirs) {
        folders.push_back(probe_folder(path));
        if (!folders.back().in_use) unused.push_back(path);
    }
    const States states = find_states(std::move(unused));
    for (const FolderFacts& each : folders) {
        for (Check& check : check_folder(each, config)) checks.push_back(std::move(check));
        const auto state = states.find(each.path);
        checks.push_back(
            check_state(each, state == states.end() ? std::nullopt : std::optional(state->second)));
    }
}

int run_doctor(const Arguments& arguments) {
    const auto reading = read_configuration(arguments, {});
    if (!reading) return 1;
    const BrokerConfig& config = reading->config;
    const ShardNumber shards =
        config.shards == 0 ? available_processors() : static_cast<ShardNumber>(config.shards);
    const LimitFacts limits = probe_limits();
    std::vector<Check> checks{check_ring(probe_ring()),
                              check_locked_memory(limits, shards, config)};
    std::vector<FolderFacts> folders;
    check_folders(config, folders, checks);
    checks.push_back(check_descriptors(limits, folders));
    const Endpoint& listener = config.listeners.front();
    checks.push_back(check_port(probe_port(listener.host, listener.port), "listeners", false));
    if (config.admin) {
        checks.push_back(check_port(probe_port(config.admin->host, config.admin->port),
                                    "admin.listener", config.admin_is_default));
    }
    const std::string& advertised = config.advertised.front().host;
    checks.push_back(check_name(advertised.empty() ? NameFacts{} : probe_name(advertised)));
    std::fputs((arguments.json ? to_json(checks) : to_text(checks)).c_str(), stdout);
    return any_failed(checks) ? 1 : 0;
}

std::size_t columns_of(int handle) {
    winsize size{};
    if (isatty(handle) == 0 || ioctl(handle, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

/// The most that anybody may have, unless told otherwise.
constexpr int kPipeBytes = 1 << 20;

volatile std::sig_atomic_t interrupted = 0;

/// The first one asks for an early end, the next one is the end.
void on_interrupt(int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);
}

Terminal open_terminal() {
    // A reader that has gone is an error of the write.
    std::signal(SIGPIPE, SIG_IGN);
    // What a pipe gathers while a request is under way goes with the next one. No pipe, no harm.
    for (const int each : {STDIN_FILENO, STDOUT_FILENO})
        (void)fcntl(each, F_SETPIPE_SZ, kPipeBytes);
    Terminal terminal;
    terminal.columns = columns_of(STDOUT_FILENO);
    terminal.shows_progress = isatty(STDERR_FILENO) != 0 && isatty(STDOUT_FILENO) == 0;
    terminal.interrupted = [] { return interrupted != 0; };
    return terminal;
}

Task<> use_tool(RingWorld& world, const ToolOptions& options, const Terminal& terminal,
                ToolExit& exit_code) {
    exit_code = co_await run_tool(world, options, terminal);
    world.stop();
}

int run_tool_of(int count, const char* const* values) {
    const ToolArguments arguments = parse_tool_arguments(count, values);
    if (!arguments.options) {
        std::fputs((arguments.text + "\n").c_str(), arguments.is_help ? stdout : stderr);
        return static_cast<int>(arguments.is_help ? ToolExit::kDone : ToolExit::kWrongUsage);
    }
    const auto world = RingWorld::open(RingFeatures::allowed_by_environment());
    if (!world) return complain(explain_refusal(world.error()));
    const Terminal terminal = open_terminal();
    // Who consumes has offsets to commit, and a group to leave. All others just end.
    if (std::holds_alternative<ConsumeOptions>(arguments.options->wish)) {
        for (const int each : {SIGINT, SIGTERM}) std::signal(each, on_interrupt);
    }
    ToolExit exit_code = ToolExit::kUnreachable;
    spawn(**world, use_tool(**world, *arguments.options, terminal, exit_code));
    (*world)->run();
    return static_cast<int>(exit_code);
}

}  // namespace
}  // namespace millrace

int main(int count, char** values) {
    millrace::keep_freed_memory();
    if (count > 1 && millrace::names_tool(values[1])) return millrace::run_tool_of(count, values);
    const millrace::Arguments arguments = millrace::parse_arguments(count, values);
    using Verb = millrace::Arguments::Verb;
    switch (arguments.verb) {
        case Verb::kServe: return millrace::run_serve(arguments);
        case Verb::kDev: return millrace::run_dev(arguments);
        case Verb::kDoctor: return millrace::run_doctor(arguments);
        case Verb::kRecover: return millrace::run_recover(arguments);
        case Verb::kHelp: return std::fputs(millrace::kUsage, stdout) < 0 ? 1 : 0;
        case Verb::kWrong: break;
    }
    return millrace::complain(arguments.complaint + "\n" + millrace::kUsage);
}
