// AlterConfigs, versions 0-2.
//
// Replaces all of a topic's own configuration, or a level of the broker's that can be changed while
// it runs. What isn't named is back at its default. IncrementalAlterConfigs is the newer way.
#include "cluster/handlers/config_resources.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"

namespace millrace {
namespace {

ConfigChanges changes_of(const AlterConfigsRequest& request) {
    ConfigChanges changes;
    changes.replaces_all = true;
    changes.validate_only = request.validate_only;
    for (const auto& each : request.resources) {
        ResourceChange change{each.resource_type, each.resource_name, {}};
        for (const auto& key : each.configs) change.keys.push_back({key.name, 0, key.value});
        changes.resources.push_back(std::move(change));
    }
    return changes;
}

}  // namespace

Task<AlterConfigsResponse> handle_alter_configs(BrokerContext& broker, RequestContext&,
                                                const AlterConfigsRequest& request) {
    const auto visit = [&broker, &request] {
        return change_configs(*broker.shards[0], changes_of(request));
    };
    ShardCall call(broker.world, 0, visit);
    auto errors = co_await call.run();
    AlterConfigsResponse response;
    for (std::size_t at = 0; at < errors.size(); ++at) {
        const auto& resource = request.resources[at];
        response.responses.push_back({raw(errors[at].code), std::move(errors[at].text),
                                      resource.resource_type, resource.resource_name});
    }
    co_return response;
}

}  // namespace millrace
