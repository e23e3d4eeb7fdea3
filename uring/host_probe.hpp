// Measures a machine for the doctor. Blocks, and leaves nothing behind: what it writes has no name.
#pragma once

#include "core/observe/host_facts.hpp"

namespace millrace {

/// Tries to open a ring as a broker would.
RingFacts probe_ring();
LimitFacts probe_limits();
FolderFacts probe_folder(const std::string& path);
/// Binds there for a moment. Port 0 is always free.
PortFacts probe_port(const std::string& host, std::uint16_t port);
NameFacts probe_name(const std::string& name);

}  // namespace millrace
