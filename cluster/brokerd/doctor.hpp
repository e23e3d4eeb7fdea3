// `millrace doctor`: what measured facts of a machine mean for a broker of this configuration. Says
// what is fine, what to mind and what would fail, each with what was measured and the remedy.
#pragma once

#include "core/config/config.hpp"
#include "core/observe/host_facts.hpp"
#include "core/storage/directory_state.hpp"

#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct Check {
    enum class Verdict { kOk, kWarn, kFail };

    Verdict verdict{};
    std::string name;      // of what was looked at
    std::string measured;  // what was found
    std::string remedy;    // empty when nothing has to be done
};

Check check_ring(const RingFacts& facts);
/// `shards` are those that the broker would have.
Check check_locked_memory(const LimitFacts& facts, std::uint32_t shards,
                          const BrokerConfig& config);
Check check_descriptors(const LimitFacts& facts, const std::vector<FolderFacts>& folders);
/// Access, direct writes, allocation, flush cost and room of one log directory.
std::vector<Check> check_folder(const FolderFacts& facts, const BrokerConfig& config);
/// Nothing is known of the state when it could not be looked at.
Check check_state(const FolderFacts& facts, std::optional<DirectoryState> state);
/// `key` is the one that chooses the port. With `optional` a broker would go on without.
Check check_port(const PortFacts& facts, const std::string& key, bool optional);
/// Of advertised.listeners, or of listeners.
Check check_name(const NameFacts& facts);

/// A line for each, with the remedy below it, and a count at the end.
std::string to_text(const std::vector<Check>& checks);
/// {"checks":[{"verdict","name","measured","remedy"}...],"failed":n}
std::string to_json(const std::vector<Check>& checks);
bool any_failed(const std::vector<Check>& checks);

}  // namespace millrace
