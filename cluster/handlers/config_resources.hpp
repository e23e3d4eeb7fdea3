// The configurations that clients see and change: a topic's, this broker's, and that of all
// brokers.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "core/config/dynamic_keys.hpp"
#include "protocol/error_code.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// With Kafka's numbers.
enum class ResourceKind : std::int8_t {
    kUnknown = 0,
    kTopic = 2,
    kBroker = 4,
    kBrokerLogger = 8,
    kClientMetrics = 16,
};

ResourceKind resource_kind(std::int8_t number);
/// In capitals, as Kafka's messages name it.
std::string_view name_of(ResourceKind kind);

/// What a request is answered of one thing that it asks for.
struct ResourceError {
    ErrorCode code = ErrorCode::kNone;
    std::optional<std::string> text{};  // none where Kafka says nothing

    bool is_none() const { return code == ErrorCode::kNone; }
};

/// Why there can't be a topic of this name, in Kafka's words; empty when there can.
std::string topic_name_problem(std::string_view name);

/// The number that a broker is named by; nothing when it is none.
std::optional<std::int32_t> broker_number(std::string_view name);

/// The levels of the broker's configuration as they are now. On shard 0.
BrokerSettings settings_now(const Topics& topics, const Properties& given, std::int32_t broker_id);

/// Makes the topics follow the broker's configuration as it is now. What Kafka would refuse by now
/// is told the operator and left out. On shard 0.
Task<> apply_settings(Logger& logger, Topics& topics, const Properties& given,
                      std::int32_t broker_id);

/// One key's part of a request to change a configuration.
struct KeyChange {
    std::string name;
    std::int8_t operation{};  // AlterConfigs knows only kSet
    std::optional<std::string> value;
};

struct ResourceChange {
    std::int8_t type{};
    std::string name;
    std::vector<KeyChange> keys;
};

struct ConfigChanges {
    std::vector<ResourceChange> resources;
    bool replaces_all{};  // what isn't named goes
    bool validate_only{};
};

/// One answer for each resource, in order. On shard 0; one request after the other.
Task<std::vector<ResourceError>> change_configs(BrokerContext& broker, ConfigChanges changes);

}  // namespace millrace
