// Fetch, versions 0-17.
//
// Whole batches from the one that holds the asked offset, in the order in which partitions are
// asked for, within the partition's and the request's limits; the first batch of all comes whole
// even when it is larger (KIP-74). Waits until min_bytes are there, max_wait has passed, or a
// partition has something else to tell. Topics go by name up to version 12, by id from 13 on. From
// version 7 on a session remembers what a client wants and knows (fetch_session.hpp).
#include "cluster/handlers/fetch_answer.hpp"
#include "cluster/handlers/fetch_conversion.hpp"
#include "cluster/handlers/fetch_visit.hpp"
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::int8_t kReadCommitted = 1;

/// The most that all partitions of a request may bring.
std::size_t wanted_bytes(const LogReads& reads, std::size_t bytes_max) {
    std::size_t wanted = 0;
    for (const auto& [owner, mine] : reads) {
        for (const LogRead& each : mine.reads) wanted += each.bytes_max;
    }
    return std::min(wanted, bytes_max);
}

/// What was read.
struct Taken {
    std::size_t bytes{};
    std::size_t memory{};  // of these, in memory
};

Taken taken_by(const LogReads& reads) {
    Taken taken;
    for (const auto& [owner, mine] : reads) {
        for (const LogRead& each : mine.reads) {
            if (!each.read || each.read->empty()) continue;
            taken.bytes += size_of(*each.read);
            taken.memory += memory_of(*each.read);
        }
    }
    return taken;
}

/// Batches that are looked into have to be in memory.
ReadInto reads_into(const RequestContext& context) {
    return context.version() < kFetchUnseenFrom ? ReadInto::kMemory : ReadInto::kAnything;
}

/// Reads what is there for `answer`, and waits for it as long as the request says.
Task<> read_for(BrokerContext& broker, RequestContext& context, const FetchRequest& request,
                FetchAnswer& answer) {
    const auto bytes_max =
        static_cast<std::size_t>(std::clamp(request.max_bytes, 0, broker.config.fetch_bytes_max));
    const Time deadline =
        broker.world.now() + std::chrono::milliseconds(std::max(request.max_wait_ms, 0));
    const auto enough = std::min<std::size_t>(std::max(request.min_bytes, 0), bytes_max);
    LogReads& reads = answer.reads();
    for (bool last_look = answer.wants_nothing() || request.max_wait_ms <= 0;;) {
        // Whether anything is there is soon read; whether several bytes are is counted first.
        if (enough > 1 && !last_look && !answer.is_urgent()) {
            co_await wait_until_available(broker, reads, enough, deadline);
            answer.start_over();
            last_look = true;
        }
        // Without room for it until the deadline the answer is empty, and the client asks again.
        const std::size_t wanted = wanted_bytes(reads, bytes_max);
        auto hold = co_await broker.response_memory.take(wanted, deadline);
        const std::size_t held = hold ? hold->size() : 0;
        // A first batch beyond its partition's limit takes of the request's, not of the others'.
        const std::size_t room = held < wanted ? held : bytes_max;
        const bool any = hold.has_value() && context.version() >= kFetchOverLimitFrom;
        const ReadLimit limit{room, any, reads_into(context)};
        co_await read_everywhere(broker, reads, limit);
        const Taken taken = taken_by(reads);
        if (hold) {
            hold->resize(taken.memory);
            context.keep(std::move(*hold));
        }
        if (last_look || taken.bytes >= enough || answer.is_urgent()) co_return;
        context.drop_kept();
        co_await wait_for_any(broker, reads, deadline);
        // Nothing has moved, or only just: the answer stands, and the client asks again.
        if (broker.world.now() >= deadline || broker.waits.stopping()) co_return;
        answer.start_over();
    }
}

}  // namespace

Task<FetchResponse> handle_fetch(BrokerContext& broker, RequestContext& context,
                                 const FetchRequest& request) {
    OpenedFetch fetch = co_await open_fetch(broker, request, context.version());
    FetchResponse response;
    if (fetch.code != ErrorCode::kNone) {
        response.error_code = raw(fetch.code);
        co_return response;
    }
    FetchTerms terms;
    terms.version = context.version();
    terms.read_committed = request.isolation_level == kReadCommitted;
    terms.replica = replica_of(request, context.version());
    terms.only_news = fetch.borrowed != kNoFetchSession;
    const auto image = broker.view.now();
    FetchAnswer answer(broker, context, terms);
    answer.divide(*image, fetch.session->partitions);
    for (const auto& [owner, mine] : answer.reads()) context.works_on(owner);
    // A session stays where it is: elsewhere each request would visit it twice.
    if (fetch.borrowed != kNoFetchSession) {
        context.works_on(home_of_session(fetch.borrowed, broker.world.shard_count()));
    }
    co_await read_for(broker, context, request, answer);
    response = answer.finish(fetch.session->partitions);
    response.session_id = co_await close_fetch(broker, fetch);
    co_return response;
}

}  // namespace millrace
