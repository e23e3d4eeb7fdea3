// The command line of the broker.
#pragma once

#include "core/config/properties.hpp"

#include <cstdint>
#include <string>

namespace millrace {

struct Arguments {
    enum class Verb { kServe, kDev, kDoctor, kRecover, kHelp, kWrong };

    Verb verb = Verb::kServe;
    std::string properties_file;  // of kServe and kDoctor; empty: defaults
    Properties overrides;
    bool json{};                // of kDoctor
    std::uint16_t port = 9092;  // of kDev; 0: any
    std::string directory;      // of kRecover
    bool accepts_loss{};        // of kRecover
    std::string complaint;      // of kWrong
};

/// What kUsage says.
Arguments parse_arguments(int count, const char* const* values);

extern const char* const kUsage;

}  // namespace millrace
