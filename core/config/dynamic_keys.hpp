// The broker's keys that can be changed while it runs, and the levels on which that is done.
#pragma once

#include "core/config/key.hpp"
#include "core/config/properties.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

enum class KeyUpdate : std::uint8_t {
    kReadOnly,     // only in the file
    kPerBroker,    // by a broker's own level
    kClusterWide,  // on both levels
};

KeyUpdate update_of(std::string_view broker_key);

/// A key that no file has, only a level that can be changed; null when it isn't one.
const KeyDescription* find_only_dynamic(std::string_view name);

/// A broker's configuration, level by level; the later ones count for more.
struct BrokerSettings {
    Properties given;    // the file
    Properties cluster;  // changed for all brokers
    Properties own;      // changed for this one

    /// All levels together. A changed key also takes the place of the other units it can be in.
    Properties effective() const;
};

/// The names that count for a broker's key, the strongest first: its other units, and of a
/// listener's key the one without the listener's name.
std::vector<std::string_view> names_of(std::string_view broker_key);

/// Why a level of the configuration can't be `proposed`, in Kafka's words; empty when it can.
/// What depends on the rest of the configuration is in `change_problem`.
std::string level_problem(const Properties& proposed, bool is_own);

/// Why the broker can't go from one configuration to the other while it runs; empty when it can.
std::string change_problem(const BrokerSettings& from, const BrokerSettings& to);

/// A key whose value would have to be kept secret.
bool is_password(std::string_view broker_key);

}  // namespace millrace
