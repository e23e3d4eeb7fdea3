#include "cluster/brokerd/args.hpp"

#include <string_view>

namespace millrace {

const char* const kUsage =
    "usage: millrace [server.properties] [--override key=value]...\n"
    "       millrace recover DIR [--accept-loss]\n"
    "\n"
    "Serves Kafka clients from the log directories of server.properties until SIGTERM.\n"
    "recover makes a directory that was not stopped cleanly ready for any broker, and stops.\n"
    "When its journal is damaged, it says where and changes nothing; with --accept-loss it keeps\n"
    "what can be believed, and says which offsets of which partitions are gone.\n";

namespace {

Arguments wrong(std::string complaint) {
    Arguments arguments;
    arguments.verb = Arguments::Verb::kWrong;
    arguments.complaint = std::move(complaint);
    return arguments;
}

bool add_override(std::string_view text, Properties& overrides) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    overrides[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
    return true;
}

}  // namespace

Arguments parse_arguments(int count, const char* const* values) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string_view value = values[i];
        if (value == "--help" || value == "-h") {
            arguments.verb = Arguments::Verb::kHelp;
        } else if (value == "--override") {
            if (i + 1 == count) return wrong("--override needs key=value");
            if (!add_override(values[++i], arguments.overrides)) {
                return wrong(std::string("not key=value: ") + values[i]);
            }
        } else if (value == "recover" && i == 1) {
            if (i + 1 == count) return wrong("recover needs a directory");
            arguments.verb = Arguments::Verb::kRecover;
            arguments.directory = values[++i];
            if (arguments.directory.starts_with('-')) return wrong("recover needs a directory");
        } else if (value == "--accept-loss" && arguments.verb == Arguments::Verb::kRecover) {
            arguments.accepts_loss = true;
        } else if (value.starts_with('-') || !arguments.properties_file.empty()) {
            return wrong("not understood: " + std::string(value));
        } else {
            arguments.properties_file = value;
        }
    }
    return arguments;
}

}  // namespace millrace
