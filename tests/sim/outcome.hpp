// What a run has counted.
#pragma once

#include "tests/sim/sim_disk.hpp"
#include "tests/sim/sim_network.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::sim {

struct Outcome {
    std::vector<std::string> violations;
    std::uint64_t requests{};
    std::uint64_t acknowledged{};
    std::uint64_t repeats{};
    std::uint64_t topics_deleted{};
    std::uint64_t kills{};
    std::uint64_t power_losses{};
    std::uint64_t failed_starts{};
    std::uint64_t clean_restarts{};
    std::uint64_t checkpoints{};
    std::uint64_t files_used_again{};
    std::uint64_t replays{};
    std::uint64_t out_of_service{};
    std::uint64_t starts_without_directory{};
    std::uint64_t storage_gone{};
    std::uint64_t storage_errors{};
    std::uint64_t served_beside_failed{};
    std::uint64_t salvages{};
    std::uint64_t found_damaged{};
    std::uint64_t offsets_given_up{};
    std::uint64_t deletions{};
    std::uint64_t segments_deleted{};
    std::uint64_t cleanings{};
    std::uint64_t full_directories{};
    std::uint64_t full_no_more{};
    std::uint64_t shares_taken{};
    std::uint64_t offsets_committed{};
    std::uint64_t stale_commits_refused{};
    DiskFaults disk;
    NetworkFaults network;
    std::uint64_t steps{};
    std::uint64_t trace_hash{};
    std::int64_t virtual_ms{};
};

}  // namespace millrace::sim
