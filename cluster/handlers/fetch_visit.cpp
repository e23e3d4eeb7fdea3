#include "cluster/handlers/fetch_visit.hpp"

#include "core/runtime/shard_call.hpp"

namespace millrace {
namespace {

constexpr std::int32_t kFirstEpoch = 0;
constexpr std::int32_t kFinalEpoch = -1;

/// The shard's that keeps session `id`.
FetchSessions& sessions_of(BrokerContext& broker, std::int32_t id) {
    return broker.shards[home_of_session(id, broker.world.shard_count())]->fetch_sessions;
}

/// `visit(sessions)` where session `id` is kept.
template <class Visit>
Task<> visit_home(BrokerContext& broker, std::int32_t id, Visit visit) {
    FetchSessions* const there = &sessions_of(broker, id);
    const auto go = [there, visit] { visit(*there); };
    ShardCall call(broker.world, home_of_session(id, broker.world.shard_count()), go);
    co_await call.run();
}

}  // namespace

Task<OpenedFetch> open_fetch(BrokerContext& broker, const FetchRequest& request,
                             std::int16_t version) {
    OpenedFetch fetch;
    const bool by_id = version >= kFetchByIdFrom;
    const std::int32_t id = request.session_id;
    const std::int32_t epoch = request.session_epoch;
    if (epoch == kFirstEpoch || epoch == kFinalEpoch) {
        if (id != kNoFetchSession) {
            const auto end = [id](FetchSessions& sessions) { sessions.remove(id); };
            co_await visit_home(broker, id, end);
        }
        fetch.session = std::make_shared<FetchSession>();
        fetch.session->by_id = by_id;
        fetch.session->privileged = replica_of(request, version) >= 0;
        fetch.is_new = epoch == kFirstEpoch;
    } else {
        BorrowedSession borrowed;
        BorrowedSession* const into = &borrowed;
        const auto borrow = [id, epoch, by_id, into](FetchSessions& sessions) {
            *into = sessions.borrow(id, epoch, by_id);
        };
        co_await visit_home(broker, id, borrow);
        fetch.code = borrowed.code;
        fetch.session = std::move(borrowed.session);
        if (fetch.code != ErrorCode::kNone) co_return fetch;
        fetch.borrowed = id;
    }
    fetch.session->partitions.update(request, by_id);
    co_return fetch;
}

Task<std::int32_t> close_fetch(BrokerContext& broker, OpenedFetch& fetch) {
    if (fetch.is_new) co_return broker.fetch_sessions.add(std::move(fetch.session));
    if (fetch.borrowed == kNoFetchSession) co_return kNoFetchSession;
    const std::int32_t id = fetch.borrowed;
    const bool ends = fetch.session->partitions.empty();
    const std::shared_ptr<FetchSession>* const session = &fetch.session;
    const auto bring_back = [id, session](FetchSessions& sessions) {
        sessions.bring_back(id, *session);
    };
    co_await visit_home(broker, id, bring_back);
    co_return ends ? kNoFetchSession : id;
}

}  // namespace millrace
