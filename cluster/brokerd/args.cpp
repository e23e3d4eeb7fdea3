#include "cluster/brokerd/args.hpp"

#include "core/base/parse.hpp"

#include <span>
#include <string_view>

namespace millrace {

const char* const kUsage =
    "usage: millrace [server.properties] [--override key=value]...\n"
    "       millrace dev [--port N] [--override key=value]...\n"
    "       millrace doctor [server.properties] [--override key=value]... [--json]\n"
    "       millrace recover DIR [--accept-loss]\n"
    "       millrace topics | groups | produce | consume ...  (each with --help)\n"
    "\n"
    "Serves Kafka clients from the log directories of server.properties until SIGTERM, SIGINT or\n"
    "SIGHUP. The keys are those of Kafka 3.9; --override wins over the file.\n"
    "\n"
    "dev      a throw-away broker: in a temporary directory that is removed at the end, on all\n"
    "         addresses of this machine, without any access control. --port 0 takes any free port\n"
    "         (9092 unless told). It says `listening on HOST:PORT` when clients can come, and "
    "tells\n"
    "         each client the address by which it came. Ctrl-C ends it.\n"
    "doctor   looks at this machine and at the log directories of server.properties, says what is\n"
    "         fine, what to mind and what would fail, each with a remedy, and ends with 1 if\n"
    "         something would fail. It changes nothing. --json prints one object.\n"
    "recover  makes a directory that was not stopped cleanly ready for any broker, and stops. "
    "When\n"
    "         its journal is damaged, it says where and changes nothing; with --accept-loss it "
    "keeps\n"
    "         what can be believed, and says which offsets of which partitions are gone.\n";

namespace {

using Verb = Arguments::Verb;

Arguments wrong(std::string complaint) {
    Arguments arguments;
    arguments.verb = Verb::kWrong;
    arguments.complaint = std::move(complaint);
    return arguments;
}

Arguments not_understood(std::string_view value) {
    return wrong("not understood: " + std::string(value));
}

bool add_override(std::string_view text, Properties& overrides) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    overrides[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
    return true;
}

using Words = std::span<const char* const>;

Arguments parse_recover(Words words) {
    Arguments arguments;
    arguments.verb = Verb::kRecover;
    if (words.empty() || *words[0] == '-') return wrong("recover needs a directory");
    arguments.directory = words[0];
    for (const std::string_view word : words.subspan(1)) {
        if (word != "--accept-loss") return not_understood(word);
        arguments.accepts_loss = true;
    }
    return arguments;
}

/// The verbs that have a configuration.
Arguments parse_configured(Verb verb, Words words) {
    Arguments arguments;
    arguments.verb = verb;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const bool has_next = i + 1 < words.size();
        if (word == "--override") {
            if (!has_next) return wrong("--override needs key=value");
            if (!add_override(words[++i], arguments.overrides)) {
                return wrong(std::string("not key=value: ") + words[i]);
            }
        } else if (word == "--port" && verb == Verb::kDev) {
            const auto port = parse_number<std::uint16_t>(has_next ? words[++i] : "");
            if (!port) return wrong("--port needs a number from 0 to 65535");
            arguments.port = *port;
        } else if (word == "--json" && verb == Verb::kDoctor) {
            arguments.json = true;
        } else if (word.starts_with('-') || !arguments.properties_file.empty() ||
                   verb == Verb::kDev) {
            return not_understood(word);
        } else {
            arguments.properties_file = word;
        }
    }
    return arguments;
}

}  // namespace

Arguments parse_arguments(int count, const char* const* values) {
    const Words words = Words(values, static_cast<std::size_t>(count)).subspan(1);
    for (const std::string_view word : words) {
        if (word != "--help" && word != "-h") continue;
        Arguments arguments;
        arguments.verb = Verb::kHelp;
        return arguments;
    }
    const std::string_view first = words.empty() ? "" : words[0];
    if (first == "recover") return parse_recover(words.subspan(1));
    if (first == "dev") return parse_configured(Verb::kDev, words.subspan(1));
    if (first == "doctor") return parse_configured(Verb::kDoctor, words.subspan(1));
    return parse_configured(Verb::kServe, words);
}

}  // namespace millrace
