// One seed's run: a broker on a simulated disk, clients around it, crashes in between, and a look
// at everything in the end.
#pragma once

#include "tests/sim/outcome.hpp"

#include <cstdint>

namespace millrace::sim {

/// With `print_log` the broker's log goes to standard output as it comes.
Outcome run_seed(std::uint64_t seed, bool print_log);

}  // namespace millrace::sim
