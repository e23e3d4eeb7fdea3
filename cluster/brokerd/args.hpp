// The command line of the broker.
#pragma once

#include "core/config/properties.hpp"

#include <string>

namespace millrace {

struct Arguments {
    enum class Verb { kServe, kRecover, kHelp, kWrong };

    Verb verb = Verb::kServe;
    std::string properties_file;  // empty: defaults
    Properties overrides;
    std::string directory;  // of kRecover
    bool accepts_loss{};    // of kRecover
    std::string complaint;  // of kWrong
};

/// `millrace [server.properties] [--override key=value]...` or
/// `millrace recover DIR [--accept-loss]`.
Arguments parse_arguments(int count, const char* const* values);

extern const char* const kUsage;

}  // namespace millrace
