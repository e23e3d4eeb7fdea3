// DescribeConfigs, versions 0-4.
//
// Topics, this broker, what is set for all brokers (an empty name), and the one logger. All keys
// when none are named. Of each: the value in force, where it comes from, and in their order all
// that would count in its place. The texts that explain keys are not given.
#include "cluster/handlers/config_resources.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/config/described_key.hpp"
#include "core/runtime/shard_call.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

using Described = DescribeConfigsResponse::Result;

std::int8_t type_number(std::optional<KeyType> type) {
    if (!type) return 0;
    switch (*type) {
        case KeyType::kBoolean: return 1;
        case KeyType::kString: return 2;
        case KeyType::kInt: return 3;
        case KeyType::kShort: return 4;
        case KeyType::kLong: return 5;
        case KeyType::kDouble: return 6;
        case KeyType::kList: return 7;
        case KeyType::kClass: return 8;
        case KeyType::kPassword: return 9;
    }
    return 0;
}

DescribeConfigsResponse::ResourceResult to_wire(const DescribedKey& key, bool with_synonyms) {
    DescribeConfigsResponse::ResourceResult wire;
    wire.name = key.name;
    wire.value = key.value;
    wire.read_only = key.read_only;
    wire.config_source = static_cast<std::int8_t>(key.source);
    wire.is_sensitive = key.sensitive;
    wire.config_type = type_number(key.type);
    wire.documentation = std::nullopt;
    if (!with_synonyms) return wire;
    for (const KeySynonym& each : key.synonyms) {
        wire.synonyms.push_back({each.name, each.value, static_cast<std::int8_t>(each.source)});
    }
    return wire;
}

void fail(Described& described, ErrorCode code, std::string text) {
    described.error_code = raw(code);
    described.error_message = std::move(text);
}

/// On shard 0.
class Describer {
public:
    Describer(const BrokerContext& broker, const DescribeConfigsRequest& request)
        : broker_(broker),
          request_(request),
          settings_(settings_now(broker.topics, *broker.config.given, broker.config.broker_id)) {}

    Described describe(const DescribeConfigsRequest::Resource& wanted) const {
        Described described;
        described.resource_type = wanted.resource_type;
        described.resource_name = wanted.resource_name;
        switch (resource_kind(wanted.resource_type)) {
            case ResourceKind::kTopic: describe_a_topic(wanted, described); break;
            case ResourceKind::kBroker: describe_a_broker(wanted, described); break;
            case ResourceKind::kBrokerLogger: describe_loggers(wanted, described); break;
            case ResourceKind::kClientMetrics: describe_metrics(wanted, described); break;
            case ResourceKind::kUnknown: break;
        }
        return described;
    }

private:
    void add(const DescribeConfigsRequest::Resource& wanted, const std::vector<DescribedKey>& keys,
             Described& described) const {
        const auto& names = wanted.configuration_keys;
        for (const DescribedKey& each : keys) {
            const bool is_wanted =
                !names || names->empty() || std::ranges::find(*names, each.name) != names->end();
            if (is_wanted) described.configs.push_back(to_wire(each, request_.include_synonyms));
        }
    }

    void describe_a_topic(const DescribeConfigsRequest::Resource& wanted,
                          Described& described) const {
        std::string problem = topic_name_problem(wanted.resource_name);
        if (!problem.empty()) {
            return fail(described, ErrorCode::kInvalidTopicException, std::move(problem));
        }
        const TopicImage* const topic = broker_.topics.image().find(wanted.resource_name);
        if (topic == nullptr) {
            described.error_code = raw(ErrorCode::kUnknownTopicOrPartition);
            return;
        }
        add(wanted, describe_topic(settings_, topic->overrides), described);
    }

    void describe_a_broker(const DescribeConfigsRequest::Resource& wanted,
                           Described& described) const {
        if (wanted.resource_name.empty()) {
            return add(wanted, describe_cluster(settings_), described);
        }
        if (is_this_broker(wanted.resource_name, " or empty string, but", described)) {
            add(wanted, describe_broker(settings_), described);
        }
    }

    void describe_loggers(const DescribeConfigsRequest::Resource& wanted,
                          Described& described) const {
        if (wanted.resource_name.empty()) {
            return fail(described, ErrorCode::kInvalidRequest, "Broker id must not be empty");
        }
        if (!is_this_broker(wanted.resource_name, " but", described)) return;
        DescribedKey root;
        root.name = "root";
        root.value = "INFO";
        root.source = ConfigSource::kBrokerLogger;
        add(wanted, {root}, described);
    }

    static void describe_metrics(const DescribeConfigsRequest::Resource& wanted,
                                 Described& described) {
        // A cluster with ZooKeeper has none.
        fail(described, ErrorCode::kInvalidRequest,
             wanted.resource_name.empty()
                 ? "Client metrics subscription name must not be empty"
                 : "Config type client-metrics is only supported on KRaft clusters");
    }

    bool is_this_broker(const std::string& name, std::string_view rest,
                        Described& described) const {
        const auto number = broker_number(name);
        if (number && *number == broker_.config.broker_id) return true;
        if (!number) {
            fail(described, ErrorCode::kInvalidRequest,
                 fmt::format("Broker id must be an integer, but it is: {}", name));
        } else {
            fail(described, ErrorCode::kInvalidRequest,
                 fmt::format("Unexpected broker id, expected {}{} received {}",
                             broker_.config.broker_id, rest, name));
        }
        return false;
    }

    const BrokerContext& broker_;
    const DescribeConfigsRequest& request_;
    const BrokerSettings settings_;
};

DescribeConfigsResponse describe_all(const BrokerContext& broker,
                                     const DescribeConfigsRequest& request) {
    const Describer describer(broker, request);
    DescribeConfigsResponse response;
    for (const auto& each : request.resources) {
        response.results.push_back(describer.describe(each));
    }
    return response;
}

/// A resource of a kind that nobody knows spoils the whole request.
std::optional<DescribeConfigsResponse> refusal(const DescribeConfigsRequest& request) {
    const auto unknown = std::ranges::find_if(request.resources, [](const auto& each) {
        return resource_kind(each.resource_type) == ResourceKind::kUnknown;
    });
    if (unknown == request.resources.end()) return std::nullopt;
    DescribeConfigsResponse response;
    for (const auto& each : request.resources) {
        Described& described = response.results.emplace_back();
        described.resource_type = each.resource_type;
        described.resource_name = each.resource_name;
        fail(described, ErrorCode::kInvalidRequest,
             fmt::format("Unexpected resource type UNKNOWN for resource {}",
                         unknown->resource_name));
    }
    return response;
}

}  // namespace

Task<DescribeConfigsResponse> handle_describe_configs(BrokerContext& broker, RequestContext&,
                                                      const DescribeConfigsRequest& request) {
    if (auto refused = refusal(request)) co_return std::move(*refused);
    const auto visit = [&broker, &request] { return describe_all(*broker.shards[0], request); };
    ShardCall call(broker.world, 0, visit);
    co_return co_await call.run();
}

}  // namespace millrace
