// Fetch, versions 4-17.
//
// Whole batches from the one that holds the asked offset, in the order in which partitions are
// asked for, within the partition's and the request's limits; the first batch of all comes whole
// even when it is larger (KIP-74). Waits until min_bytes are there, max_wait has passed, or a
// partition has an error. Topics go by name up to version 12, by id from 13 on. Fetch sessions
// (KIP-227) are not kept: every answer has session id 0, which tells the client to go on without
// one, and a later request of a session gets FETCH_SESSION_ID_NOT_FOUND.
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/storage/batch_headers.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace millrace {
namespace {

constexpr std::int16_t kTopicIdsFrom = 13;
constexpr std::int16_t kZstdFrom = 10;
constexpr std::int16_t kStorageErrorFrom = 6;
constexpr std::int32_t kNoSession = 0;
constexpr std::int32_t kFirstEpoch = 0;
constexpr std::int32_t kFinalEpoch = -1;
constexpr std::int8_t kReadCommitted = 1;

/// What one answer may still hold, and what it holds.
struct Budget {
    std::size_t bytes_left;
    std::size_t bytes{};
    std::size_t memory{};  // of these, in memory
    bool any_error{};
};

ErrorCode check_epoch(const TopicImage& topic, std::int32_t asked) {
    if (asked < 0 || asked == topic.leader_epoch.value) return ErrorCode::kNone;
    return asked < topic.leader_epoch.value ? ErrorCode::kFencedLeaderEpoch
                                            : ErrorCode::kUnknownLeaderEpoch;
}

FetchResponse::Partition failed(std::int32_t index, ErrorCode code) {
    FetchResponse::Partition partition;
    partition.index = index;
    partition.error_code = raw(code);
    partition.high_watermark = -1;
    partition.aborted_transactions.reset();
    return partition;
}

ErrorCode code_of(const RequestContext& context, const Error& error) {
    const ErrorCode code = to_error_code(error);
    const bool too_old = context.version() < kStorageErrorFrom;
    return code == ErrorCode::kKafkaStorageError && too_old ? ErrorCode::kNotLeaderOrFollower
                                                            : code;
}

bool holds_zstd(const Parts& parts) {
    bool found = false;
    for_each_header(parts, [&found](const RecordBatchView& batch) {
        found = found || batch.codec() == Codec::kZstd;
    });
    return found;
}

/// A partition on its way to its log's shard, and what was read there.
struct Look {
    std::size_t topic{};  // the places in the response
    std::size_t partition{};
    PartitionLog* log{};
    Offset from;
    std::size_t bytes_max{};
    Result<Parts> read{Errc::kStopping};
    Offset durable_end;
    Offset log_start;
};

/// The looks of one request, by the shard of their logs.
using Looks = std::map<ShardNumber, std::vector<Look>>;

FetchResponse::Partition found(const FetchRequest& request, std::int32_t index) {
    FetchResponse::Partition partition;
    partition.index = index;
    if (request.isolation_level != kReadCommitted) partition.aborted_transactions.reset();
    return partition;
}

/// The answer so far: refusals stand in it, and what has to be read is in `looks`.
FetchResponse divide(const RequestContext& context, const TopicsImage& image,
                     const FetchRequest& request, Looks& looks) {
    FetchResponse response;
    const bool by_id = context.version() >= kTopicIdsFrom;
    for (const auto& topic : request.topics) {
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        const std::optional<std::string_view> name =
            by_id ? image.name_of(topic.topic_id) : std::optional<std::string_view>(topic.name);
        for (const auto& wanted : topic.partitions) {
            const LogPlace* const place = name ? image.find_log(*name, wanted.index) : nullptr;
            ErrorCode code = ErrorCode::kNone;
            if (!name) code = ErrorCode::kUnknownTopicId;
            if (name && place == nullptr) code = ErrorCode::kUnknownTopicOrPartition;
            if (place != nullptr) {
                code = place->log == nullptr
                           ? code_of(context, Errc::kStorageFailed)
                           : check_epoch(*image.find(*name), wanted.current_leader_epoch);
            }
            if (code == ErrorCode::kNone) {
                Look look;
                look.topic = response.topics.size() - 1;
                look.partition = answer.partitions.size();
                look.log = place->log;
                look.from = Offset{wanted.fetch_offset};
                look.bytes_max = static_cast<std::size_t>(std::max(wanted.partition_max_bytes, 0));
                looks[place->owner].push_back(std::move(look));
                answer.partitions.push_back(found(request, wanted.index));
            } else {
                answer.partitions.push_back(failed(wanted.index, code));
            }
        }
    }
    return response;
}

/// How much the owners may read for a request, and how.
struct Limit {
    std::size_t bytes;
    bool any;  // false: there is no memory for it now
    ReadInto into;
};

/// On the owner: what its logs have, within the request's limit; the first batch of all is whole.
Task<> read_looks(std::vector<Look>& looks, Limit limit) {
    bool nothing_yet = limit.any;
    for (Look& each : looks) {
        // Noted first: a long poll waits for what comes behind this, not behind the reading.
        each.durable_end = each.log->durable_end();
        each.read = co_await each.log->read(each.from, std::min(each.bytes_max, limit.bytes),
                                            nothing_yet, limit.into);
        each.log_start = each.log->log_start_offset();
        if (!each.read) continue;
        const std::size_t bytes = size_of(*each.read);
        if (bytes > 0) nothing_yet = false;
        limit.bytes -= std::min(limit.bytes, bytes);
    }
}

Task<> read_everywhere(BrokerContext& broker, Looks& looks, Limit limit) {
    const auto bind = [limit](std::vector<Look>& mine) {
        return [&mine, limit] { return read_looks(mine, limit); };
    };
    std::deque<ShardCall<decltype(bind(looks.begin()->second))>> calls;
    for (auto& [owner, mine] : looks) calls.emplace_back(broker.world, owner, bind(mine));
    if (calls.size() == 1) {
        co_await calls.front().run();
        co_return;
    }
    for (auto& call : calls) call.start();
    for (auto& call : calls) co_await call.come_home();
}

/// Whole batches at the front of `parts`, at most `bytes_max`; of what lies in a file all or
/// nothing, since nobody looks into it.
Parts front_batches(Parts parts, std::size_t bytes_max) {
    if (size_of(parts) <= bytes_max) return parts;
    Parts front;
    if (memory_of(parts) < size_of(parts)) return front;
    std::size_t left = 0;
    for_each_header(parts, [&left, bytes_max, open = true](const RecordBatchView& batch) mutable {
        open = open && left + batch.size_in_bytes() <= bytes_max;
        if (open) left += batch.size_in_bytes();
    });
    for (Part& part : parts) {
        if (left == 0) break;
        part.size = std::min(part.size, left);
        part.memory = part.memory.first(part.size);
        left -= part.size;
        front.push_back(std::move(part));
    }
    return front;
}

/// What was read goes into the answer, as far as the request's limit allows: each owner has read as
/// if it were alone.
void conclude(RequestContext& context, Look& look, FetchResponse::Partition& partition,
              Budget& budget) {
    if (!look.read) {
        partition = failed(partition.index, code_of(context, look.read.error()));
        return;
    }
    Parts batches = std::move(*look.read);
    if (budget.bytes > 0) batches = front_batches(std::move(batches), budget.bytes_left);
    if (context.version() < kZstdFrom && holds_zstd(batches)) {
        partition = failed(partition.index, ErrorCode::kUnsupportedCompressionType);
        return;
    }
    partition.high_watermark = look.durable_end.value;
    partition.last_stable_offset = look.durable_end.value;
    partition.log_start_offset = look.log_start.value;
    const std::size_t size = size_of(batches);
    budget.bytes += size;
    budget.bytes_left -= std::min(budget.bytes_left, size);
    budget.memory += memory_of(batches);
    partition.records = Records(std::move(batches));
}

/// In the order in which the request names the partitions.
void conclude_all(RequestContext& context, Looks& looks, FetchResponse& response, Budget& budget) {
    std::map<std::pair<std::size_t, std::size_t>, Look*> in_order;
    for (auto& [owner, mine] : looks) {
        for (Look& each : mine) in_order[{each.topic, each.partition}] = &each;
    }
    for (const auto& [place, look] : in_order) {
        conclude(context, *look, response.topics[look->topic].partitions[look->partition], budget);
    }
    for (const auto& topic : response.topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != raw(ErrorCode::kNone)) budget.any_error = true;
        }
    }
}

/// A request inside a session that this broker never made.
std::optional<ErrorCode> check_session(const FetchRequest& request) {
    const bool makes_or_ends =
        request.session_epoch == kFirstEpoch || request.session_epoch == kFinalEpoch;
    if (request.session_id == kNoSession && makes_or_ends) return std::nullopt;
    if (request.session_id == kNoSession) return ErrorCode::kInvalidFetchSessionEpoch;
    return ErrorCode::kFetchSessionIdNotFound;
}

/// Waits on several shards for the first that tells of a move, and calls the others off.
class WaitEverywhere {
public:
    WaitEverywhere(BrokerContext& broker, std::deque<LogWait>& waits,
                   const std::vector<ShardNumber>& owners)
        : broker_(broker), waits_(waits), owners_(owners), any_(broker.world) {}

    Task<> run() {
        const auto hear = [this] {
            ended_ = true;
            any_.wake_through(0);
        };
        std::deque<ShardNote<decltype(hear)>> notes;
        const auto bind = [this, &notes](std::size_t i) {
            return [this, i, &notes] { return wait_there(i, notes[i]); };
        };
        std::deque<ShardCall<decltype(bind(0))>> calls;
        for (std::size_t i = 0; i < owners_.size(); ++i) {
            notes.emplace_back(broker_.world, hear);
            calls.emplace_back(broker_.world, owners_[i], bind(i));
        }
        for (auto& call : calls) call.start();
        if (!ended_) (void)co_await any_.wait(0, kNever);
        const auto give_up = [this](std::size_t i) { return give_up_there(i); };
        (void)co_await visit_all(broker_.world, owners_, give_up);
        for (auto& call : calls) co_await call.come_home();
    }

private:
    template <class Note>
    Task<> wait_there(std::size_t i, Note& note) {
        BrokerContext& there = *broker_.shards[owners_[i]];
        co_await there.waits.wait(waits_[i]);
        note.say(there.world);
    }

    Task<Result<void>> give_up_there(std::size_t i) {
        LogWaits::give_up(waits_[i]);
        co_return Result<void>();
    }

    BrokerContext& broker_;
    std::deque<LogWait>& waits_;
    const std::vector<ShardNumber>& owners_;
    WaitList any_;
    bool ended_{};
};

/// Until one of the logs that were looked at has moved, or the deadline has passed.
Task<> wait_for_any(BrokerContext& broker, const Looks& looks, Time deadline) {
    std::deque<LogWait> waits;
    std::vector<ShardNumber> owners;
    for (const auto& [owner, mine] : looks) {
        owners.push_back(owner);
        LogWait& wait = waits.emplace_back();
        wait.deadline = deadline;
        for (const Look& each : mine) wait.known.push_back({each.log, each.durable_end});
    }
    if (owners.size() == 1) {
        LogWait* const wait = &waits.front();
        LogWaits* const there = &broker.shards[owners.front()]->waits;
        const auto visit = [wait, there] { return there->wait(*wait); };
        ShardCall call(broker.world, owners.front(), visit);
        co_await call.run();
        co_return;
    }
    WaitEverywhere everywhere(broker, waits, owners);
    co_await everywhere.run();
}

/// The most that all partitions of a request may bring.
std::size_t wanted_bytes(const Looks& looks, std::size_t bytes_max) {
    std::size_t wanted = 0;
    for (const auto& [owner, mine] : looks) {
        for (const Look& each : mine) wanted += each.bytes_max;
    }
    return std::min(wanted, bytes_max);
}

/// Batches that are looked into have to be in memory.
ReadInto reads_into(const RequestContext& context) {
    return context.version() < kZstdFrom ? ReadInto::kMemory : ReadInto::kAnything;
}

bool is_enough(const FetchRequest& request, const Budget& budget, std::size_t room) {
    const auto wanted = static_cast<std::size_t>(std::max(request.min_bytes, 0));
    // Whole batches seldom fill the room to its last byte.
    const std::size_t enough = wanted <= room ? wanted : room / 2 + 1;
    return budget.any_error || request.topics.empty() || request.max_wait_ms <= 0 ||
           budget.bytes >= enough;
}

}  // namespace

Task<FetchResponse> handle_fetch(BrokerContext& broker, RequestContext& context,
                                 const FetchRequest& request) {
    if (const auto refusal = check_session(request)) {
        FetchResponse response;
        response.error_code = raw(*refusal);
        co_return response;
    }
    const auto bytes_max =
        static_cast<std::size_t>(std::clamp(request.max_bytes, 0, broker.config.fetch_bytes_max));
    const Time deadline =
        broker.world.now() + std::chrono::milliseconds(std::max(request.max_wait_ms, 0));
    const auto image = broker.view.now();
    for (bool last_look = false;;) {
        Looks looks;
        FetchResponse response = divide(context, *image, request, looks);
        // Without room for it until the deadline the answer is empty, and the client asks again.
        auto hold = co_await broker.response_memory.take(wanted_bytes(looks, bytes_max), deadline);
        const std::size_t room = hold ? hold->size() : 0;
        const Limit limit{room, hold.has_value(), reads_into(context)};
        co_await read_everywhere(broker, looks, limit);
        Budget budget{room};
        conclude_all(context, looks, response, budget);
        if (hold) {
            hold->resize(budget.memory);
            context.keep(std::move(*hold));
        }
        if (last_look || is_enough(request, budget, room)) co_return response;
        context.drop_kept();
        co_await wait_for_any(broker, looks, deadline);
        last_look = broker.world.now() >= deadline || broker.waits.stopping();
    }
}

}  // namespace millrace
