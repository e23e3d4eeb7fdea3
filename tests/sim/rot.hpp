// Rot in a journal on the simulated disk.
#pragma once

#include "core/base/prng.hpp"
#include "tests/sim/sim_disk.hpp"

#include <string>

namespace millrace::sim {

/// A bit changes in a whole frame of a journal's latest life, any but that journal's last; nothing
/// happens when there is none. No process may be writing.
void rot_some_frame(SimDisk& disk, const std::string& folder, Prng& prng);

}  // namespace millrace::sim
