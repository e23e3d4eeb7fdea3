// Work of one request for logs of several shards: sorted by the shard that owns the logs, and one
// visit to each of them.
#pragma once

#include "cluster/handlers/broker_context.hpp"
#include "core/runtime/shard_call.hpp"

#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace millrace {

/// What there is to do, by the shard of the logs. It is the connection's shard's, and the owner's
/// while that is visited.
template <class Work>
using ByOwner = std::map<ShardNumber, Work>;

template <class Work>
using Owners = std::vector<std::pair<ShardNumber, Work*>>;

template <class Work>
Owners<Work> owners_of(ByOwner<Work>& all) {
    Owners<Work> owners;
    for (auto& [owner, work] : all) owners.emplace_back(owner, &work);
    return owners;
}

/// `visit(there, work)`, a Task<>, on each owner, all at once; `there` is the owner's context.
template <class Work, class Visit>
Task<> visit_owners(BrokerContext& broker, const Owners<Work>& wanted, Visit visit) {
    const auto bind = [&broker, visit](ShardNumber owner, Work* work) {
        BrokerContext* const there = broker.shards[owner];
        return [there, work, visit] { return visit(*there, *work); };
    };
    std::deque<ShardCall<decltype(bind(0, nullptr))>> calls;
    for (const auto& [owner, work] : wanted) {
        calls.emplace_back(broker.world, owner, bind(owner, work));
    }
    if (calls.size() == 1) {
        co_await calls.front().run();
        co_return;
    }
    for (auto& call : calls) call.start();
    for (auto& call : calls) co_await call.come_home();
}

/// `visit(there, work)` for the work of all owners.
template <class Work, class Visit>
Task<> visit_owners(BrokerContext& broker, ByOwner<Work>& all, Visit visit) {
    const Owners<Work> wanted = owners_of(all);
    co_await visit_owners(broker, wanted, visit);
}

/// A question about one partition on its way to its log's shard, and where its answer goes: the
/// places in the response.
struct LogQuestion {
    std::size_t topic{};
    std::size_t partition{};
    PartitionLog* log{};
};

}  // namespace millrace
