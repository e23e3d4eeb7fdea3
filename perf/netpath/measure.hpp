// Measures one cell: sends the file over and over on its path, and adds up the cost.
#pragma once

#include "perf/common/punts.hpp"
#include "perf/netpath/plan.hpp"
#include "perf/netpath/receiver.hpp"
#include "perf/netpath/sender.hpp"
#include "perf/netpath/source.hpp"

#include <optional>

namespace millrace::netpath {

struct Measured {
    std::uint64_t bytes{};
    double elapsed_s{};  // until the last byte was received
    double sender_s{};   // processor time, the kernel's workers included
    double system_s{};   // of all processors, in ticks of the kernel
    double receiver_s{};
    Counts counts;
    std::optional<std::uint64_t> punts;  // nothing where they can't be counted
    double steal_share{};                // of the machine's time, taken by its host
};

/// Throws std::system_error when the machine refuses the path.
Measured measure(const Cell& cell, const Source& source, const Receiver& receiver,
                 const perf::Punts& punts, double seconds);

/// How fast the processor copies what no cache holds.
double memory_copy_bytes_per_s(const Source& source);

}  // namespace millrace::netpath
