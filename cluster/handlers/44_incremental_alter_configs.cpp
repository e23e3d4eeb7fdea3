// IncrementalAlterConfigs, versions 0-1.
//
// Sets and deletes keys of a topic's own configuration, or of a level of the broker's that can be
// changed while it runs, and appends to and subtracts from keys that are lists. What isn't named
// stays as it is.
#include "cluster/handlers/config_resources.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"

namespace millrace {
namespace {

ConfigChanges changes_of(const IncrementalAlterConfigsRequest& request) {
    ConfigChanges changes;
    changes.validate_only = request.validate_only;
    for (const auto& each : request.resources) {
        ResourceChange change{each.resource_type, each.resource_name, {}};
        for (const auto& key : each.configs) {
            change.keys.push_back({key.name, key.config_operation, key.value});
        }
        changes.resources.push_back(std::move(change));
    }
    return changes;
}

}  // namespace

Task<IncrementalAlterConfigsResponse> handle_incremental_alter_configs(
    BrokerContext& broker, RequestContext&, const IncrementalAlterConfigsRequest& request) {
    const auto visit = [&broker, &request] {
        return change_configs(*broker.shards[0], changes_of(request));
    };
    ShardCall call(broker.world, 0, visit);
    auto errors = co_await call.run();
    IncrementalAlterConfigsResponse response;
    for (std::size_t at = 0; at < errors.size(); ++at) {
        const auto& resource = request.resources[at];
        response.responses.push_back({raw(errors[at].code), std::move(errors[at].text),
                                      resource.resource_type, resource.resource_name});
    }
    co_return response;
}

}  // namespace millrace
