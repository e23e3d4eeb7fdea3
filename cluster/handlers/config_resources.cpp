#include "cluster/handlers/config_resources.hpp"

#include "core/base/parse.hpp"
#include "core/config/config.hpp"
#include "core/config/topic_keys.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::size_t kTopicNameMax = 249;

Properties level_of(const Topics& topics, const std::string& scope) {
    const auto found = topics.broker_overrides().find(scope);
    return found == topics.broker_overrides().end() ? Properties() : found->second;
}

}  // namespace

ResourceKind resource_kind(std::int8_t number) {
    switch (static_cast<ResourceKind>(number)) {
        case ResourceKind::kTopic:
        case ResourceKind::kBroker:
        case ResourceKind::kBrokerLogger:
        case ResourceKind::kClientMetrics: return static_cast<ResourceKind>(number);
        case ResourceKind::kUnknown: break;
    }
    return ResourceKind::kUnknown;
}

std::string_view name_of(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::kTopic: return "TOPIC";
        case ResourceKind::kBroker: return "BROKER";
        case ResourceKind::kBrokerLogger: return "BROKER_LOGGER";
        case ResourceKind::kClientMetrics: return "CLIENT_METRICS";
        case ResourceKind::kUnknown: break;
    }
    return "UNKNOWN";
}

std::string topic_name_problem(std::string_view name) {
    constexpr std::string_view kInvalid = "Topic name is invalid: ";
    if (name.empty()) return fmt::format("{}the empty string is not allowed", kInvalid);
    if (name == "." || name == "..") return fmt::format("{}'{}' is not allowed", kInvalid, name);
    if (name.size() > kTopicNameMax) {
        return fmt::format("{}the length of '{}' is longer than the max allowed length {}",
                           kInvalid, name, kTopicNameMax);
    }
    if (is_topic_name(name)) return {};
    return fmt::format(
        "{}'{}' contains one or more characters other than ASCII alphanumerics, "
        "'.', '_' and '-'",
        kInvalid, name);
}

std::optional<std::int32_t> broker_number(std::string_view name) {
    if (name.size() > 1 && name[0] == '+' && name[1] != '-') name.remove_prefix(1);
    return parse_number<std::int32_t>(name);
}

BrokerSettings settings_now(const Topics& topics, const Properties& given, std::int32_t broker_id) {
    return {given, level_of(topics, ""), level_of(topics, fmt::format("{}", broker_id))};
}

Task<> apply_settings(Logger& logger, Topics& topics, const Properties& given,
                      std::int32_t broker_id) {
    const BrokerSettings settings = settings_now(topics, given, broker_id);
    const Properties effective = settings.effective();
    const ConfigReading reading = read_config(effective);
    if (!reading.problems.empty()) {
        logger.error(
            "what was configured at run time can't be used beside the file, and is left "
            "out",
            {{"problem", reading.problems.front()}});
        co_return;
    }
    co_await topics.set_defaults(reading.config.topic);
    co_await topics.set_cleaner(reading.config.cleaner);
}

}  // namespace millrace
