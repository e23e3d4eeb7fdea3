// Changing configurations: what Kafka checks, in its order and with its words, and then the store.
#include "cluster/handlers/config_resources.hpp"
#include "core/config/broker_keys.hpp"
#include "core/config/topic_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace millrace {
namespace {

enum Operation : std::int8_t { kSet, kDelete, kAppend, kSubtract };

using Elements = std::vector<std::string>;

ResourceError invalid_request(std::string text) {
    return {ErrorCode::kInvalidRequest, std::move(text)};
}

ResourceError invalid_config(std::string text) {
    return {ErrorCode::kInvalidConfig, std::move(text)};
}

std::string resource_text(ResourceKind kind, std::string_view name) {
    return fmt::format("ConfigResource(type={}, name='{}')", name_of(kind), name);
}

/// As Java splits: the empty elements at the end don't count, and an empty text is one.
Elements split(std::string_view text) {
    Elements elements;
    std::size_t from = 0;
    for (;;) {
        const std::size_t comma = text.find(',', from);
        elements.emplace_back(text.substr(from, comma - from));
        if (comma == std::string_view::npos) break;
        from = comma + 1;
    }
    if (elements.size() == 1) return elements;
    while (!elements.empty() && elements.back().empty()) elements.pop_back();
    return elements;
}

Elements appended(const std::string& old, std::string_view value) {
    Elements elements = old.empty() ? Elements() : split(old);
    const Elements before = elements;
    for (std::string& each : split(value)) {
        if (std::ranges::find(before, each) == before.end()) elements.push_back(std::move(each));
    }
    return elements;
}

/// Each element of `value` takes one away.
Elements subtracted(const std::string& old, std::string_view value) {
    Elements elements = split(old);
    for (const std::string& each : split(value)) {
        const auto found = std::ranges::find(elements, each);
        if (found != elements.end()) elements.erase(found);
    }
    return elements;
}

/// Null for a key that the resource's kind doesn't have.
const KeyDescription* find_key(ResourceKind kind, std::string_view name) {
    if (kind == ResourceKind::kBroker) return find_broker_key(name);
    const TopicKey* const key = find_topic_key(name);
    return key == nullptr ? nullptr : &key->key;
}

/// Changes a list by some of its elements.
ResourceError change_list(ResourceKind kind, const KeyChange& change, Properties& level) {
    const KeyDescription* const key = find_key(kind, change.name);
    // Kafka fails on a name that it doesn't know, and says nothing.
    if (key == nullptr) return {ErrorCode::kUnknownServerError};
    const bool appends = change.operation == kAppend;
    if (key->type != KeyType::kList) {
        return invalid_config(fmt::format("Config value {} is not allowed for config key: {}",
                                          appends ? "append" : "subtract", change.name));
    }
    const auto found = level.find(change.name);
    const std::string old = found == level.end() ? std::string(key->default_value) : found->second;
    const Elements elements =
        appends ? appended(old, *change.value) : subtracted(old, *change.value);
    level.insert_or_assign(change.name, fmt::format("{}", fmt::join(elements, ",")));
    return {};
}

ResourceError change_key(ResourceKind kind, const KeyChange& change, Properties& level) {
    switch (change.operation) {
        case kSet: level.insert_or_assign(change.name, *change.value); return {};
        case kDelete: level.erase(change.name); return {};
        case kAppend:
        case kSubtract: return change_list(kind, change, level);
        default: break;
    }
    if (kind != ResourceKind::kBroker) return {ErrorCode::kUnknownServerError};
    return invalid_request(fmt::format("Unknown operations type {}", change.operation));
}

ResourceError change_keys(ResourceKind kind, const std::vector<KeyChange>& changes,
                          Properties& level) {
    for (const KeyChange& each : changes) {
        if (auto error = change_key(kind, each, level); !error.is_none()) return error;
    }
    return {};
}

/// What is wrong with a request for a resource before anybody looks at the resource.
ResourceError form_problem(const ResourceChange& change) {
    std::set<std::string_view> names;
    std::vector<std::string_view> nulls;
    for (const KeyChange& each : change.keys) {
        if (!names.insert(each.name).second) {
            return invalid_request("Error due to duplicate config keys");
        }
        if (!each.value && each.operation != kDelete) nulls.push_back(each.name);
    }
    if (nulls.empty()) return {};
    return invalid_request(
        fmt::format("Null value not supported for : {}", fmt::join(nulls, ", ")));
}

class Changer {
public:
    Changer(BrokerContext& broker, const ConfigChanges& changes)
        : broker_(broker), changes_(changes) {}

    Task<ResourceError> change(const ResourceChange& change) {
        if (auto error = form_problem(change); !error.is_none()) co_return error;
        const ResourceKind kind = resource_kind(change.type);
        if (kind == ResourceKind::kTopic) {
            co_return co_await change_topic(change);
        } else if (kind == ResourceKind::kBroker) {
            co_return co_await change_broker(change);
        } else if (kind == ResourceKind::kClientMetrics) {
            co_return invalid_request(
                "AlterConfigs is only supported for topics and brokers, but resource type is "
                "CLIENT_METRICS");
        } else if (kind == ResourceKind::kBrokerLogger && !changes_.replaces_all) {
            co_return invalid_config("The log levels of this broker can't be changed");
        }
        co_return invalid_request(fmt::format("Unknown resource type {}", change.type));
    }

private:
    Task<ResourceError> change_topic(const ResourceChange& change) {
        if (change.name.empty()) {
            co_return invalid_request("Default topic resources are not allowed.");
        }
        const TopicImage* const stored = broker_.topics.image().find(change.name);
        Properties level;
        if (stored != nullptr && !changes_.replaces_all) level = stored->overrides;
        if (auto error = change_keys(ResourceKind::kTopic, change.keys, level); !error.is_none()) {
            co_return error;
        }
        if (stored == nullptr) {
            co_return ResourceError{ErrorCode::kUnknownTopicOrPartition,
                                    fmt::format("The topic '{}' does not exist.", change.name)};
        }
        if (auto error = topic_problem(change.name, level); !error.is_none()) co_return error;
        if (changes_.validate_only) co_return ResourceError{};
        const auto done = co_await broker_.topics.set_topic_overrides(change.name, level);
        co_return outcome(done);
    }

    Task<ResourceError> change_broker(const ResourceChange& change) {
        if (auto error = number_problem(change.name); !error.is_none()) co_return error;
        const BrokerSettings before = settings();
        BrokerSettings after = before;
        Properties& level = change.name.empty() ? after.cluster : after.own;
        if (changes_.replaces_all) level.clear();
        if (auto error = change_keys(ResourceKind::kBroker, change.keys, level); !error.is_none()) {
            co_return error;
        }
        std::string problem = level_problem(level, !change.name.empty());
        if (problem.empty()) problem = change_problem(before, after);
        if (!problem.empty()) co_return invalid_request(problem);
        if (changes_.validate_only) co_return ResourceError{};
        if (auto error = secrecy_problem(change.name, level); !error.is_none()) co_return error;
        const std::string scope = scope_of(change.name);
        const auto done = co_await broker_.topics.set_broker_overrides(scope, level);
        if (done) {
            co_await apply_settings(broker_.logger, broker_.topics, *broker_.config.given,
                                    broker_.config.broker_id);
        }
        co_return outcome(done);
    }

    BrokerSettings settings() const {
        return settings_now(broker_.topics, *broker_.config.given, broker_.config.broker_id);
    }

    std::string scope_of(const std::string& name) const {
        return name.empty() ? name : fmt::format("{}", broker_.config.broker_id);
    }

    ResourceError topic_problem(const std::string& name, const Properties& level) const {
        const TopicConfig defaults = topic_defaults(settings().effective());
        const TopicConfigProblem problem = read_topic_config(defaults, level).problem;
        if (problem.text.empty()) return {};
        if (!problem.of_a_value) return invalid_config(problem.text);
        return invalid_config(fmt::format("Invalid config value for resource {}: {}",
                                          resource_text(ResourceKind::kTopic, name), problem.text));
    }

    ResourceError number_problem(const std::string& name) const {
        if (name.empty()) return {};
        const auto number = broker_number(name);
        if (!number) {
            return invalid_request(fmt::format("Node id must be an integer, but it is: {}", name));
        }
        if (*number == broker_.config.broker_id) return {};
        return invalid_request(fmt::format("Unexpected broker id, expected {}, but received {}",
                                           broker_.config.broker_id, name));
    }

    /// A secret isn't kept without a way to keep it secret.
    ResourceError secrecy_problem(const std::string& name, const Properties& level) const {
        for (const auto& [key, value] : level) {
            if (!is_password(key)) continue;
            return invalid_config(
                fmt::format("Invalid config value for resource {}: {}",
                            resource_text(ResourceKind::kBroker, name),
                            name.empty() ? "Password config can be defined only at broker level"
                                         : "Password encoder secret not configured"));
        }
        return {};
    }

    static ResourceError outcome(const Result<void>& done) {
        if (done) return {};
        return {ErrorCode::kKafkaStorageError, done.error().message()};
    }

    BrokerContext& broker_;
    const ConfigChanges& changes_;
};

bool is_named_again(const std::vector<ResourceChange>& resources, const ResourceChange& change) {
    return std::ranges::count_if(resources, [&change](const ResourceChange& each) {
               return each.type == change.type && each.name == change.name;
           }) > 1;
}

}  // namespace

Task<std::vector<ResourceError>> change_configs(BrokerContext& broker, ConfigChanges changes) {
    std::vector<ResourceError> errors;
    // What one change begins with is what the one before it has left.
    Semaphore::Share turn(broker.config_turn);
    const auto begun = co_await turn.take(1);
    if (!begun) {
        errors.resize(changes.resources.size(), {ErrorCode::kUnknownServerError});
        co_return errors;
    }
    Changer changer(broker, changes);
    for (const ResourceChange& each : changes.resources) {
        if (is_named_again(changes.resources, each)) {
            errors.push_back(invalid_request("Each resource must appear at most once."));
            continue;
        }
        auto error = co_await changer.change(each);
        errors.push_back(std::move(error));
    }
    co_return errors;
}

}  // namespace millrace
