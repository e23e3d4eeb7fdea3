// Produce, versions 0-11.
//
// Each partition's records are one batch of magic 2, checked on the connection's shard and appended
// on the shard of its log, in the order of the request there; when all of them have their places,
// the connection may read on, and the answer waits for durability. acks=1 and acks=all are the same
// with one replica. Versions 0 to 2 carry message sets, which become such a batch first. acks=0
// gets no answer; an error closes the connection instead, so that the client looks again.
#include "cluster/handlers/find_log.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/base/prefetch.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/storage/produced_messages.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>
#include <deque>
#include <type_traits>

namespace millrace {
namespace {

constexpr std::int16_t kRecordBatchesFrom = 3;
constexpr std::int16_t kZstdFrom = 7;

/// One partition's batch on its way to its log, and what became of it. A refused one makes the way
/// too: the answer tells where the log starts.
struct Append {
    std::size_t topic{};  // the places in the response
    std::size_t partition{};
    PartitionLog* log{};
    LeaderEpoch epoch;
    Accepted records;
    TimestampMs append_time = kNoTimestamp;
    Result<AppendInfo> accepted{Errc::kStopping};
    Offset log_start;
};

// A batch that was written anew stays where it is when the append is moved, not when it is copied.
static_assert(std::is_nothrow_move_constructible_v<Append>);

/// What one request has for the logs of one shard. The bytes stay in the caller's frame.
struct OwnerAppends {
    ShardNumber owner{};
    std::vector<Append> appends;
};

/// What the answer waits for.
struct Terms {
    bool durable{};
    Time deadline{};
};

ProduceResponse::Partition refused(std::int32_t index, ErrorCode code) {
    ProduceResponse::Partition partition;
    partition.index = index;
    partition.base_offset = -1;
    partition.error_code = raw(code);
    return partition;
}

/// Refused for its records, in Kafka's words. The log's start is told unless the batch as a whole
/// is no good.
ProduceResponse::Partition blamed(std::int32_t index, const Refusal& refusal, Offset log_start) {
    ProduceResponse::Partition partition = refused(index, to_error_code(refusal.error));
    const bool whole = refusal.error == make_error_code(Errc::kCorruptBatch) ||
                       refusal.error == make_error_code(Errc::kBatchTooLarge);
    if (!whole) partition.log_start_offset = log_start.value;
    if (!refusal.message.empty()) partition.error_message = refusal.message;
    for (const RecordError& each : refusal.records) {
        partition.record_errors.push_back({each.index, each.message});
    }
    return partition;
}

bool holds_transaction(ByteView records) {
    if (records.size() < kBatchHeaderBytes) return false;
    const RecordBatchView batch(records);
    return batch.magic() == kMagic && batch.is_transactional();
}

/// What a request of this version may bring at all; whether it is any good is asked later.
ErrorCode check_request(MutableBytes records, std::int16_t version) {
    if (version < kRecordBatchesFrom) return ErrorCode::kNone;
    const auto found = find_produced(records);
    if (!found) return to_error_code(found.error());
    const bool zstd =
        RecordBatchView(*found).codec_bits() == static_cast<std::uint8_t>(Codec::kZstd);
    const bool too_new = zstd && version < kZstdFrom;
    return too_new ? ErrorCode::kUnsupportedCompressionType : ErrorCode::kNone;
}

bool is_acks(std::int16_t acks) { return acks >= -1 && acks <= 1; }

/// The frame is this request's own memory, so that offset and epoch can be written into its
/// batches.
MutableBytes writable(ByteView records) {
    return {const_cast<std::byte*>(records.data()), records.size()};
}

/// Transactions aren't built: nobody could end one.
ErrorCode refuse_transaction(const ProduceRequest& request) {
    return request.transactional_id ? ErrorCode::kInvalidTxnState
                                    : ErrorCode::kTransactionalIdAuthorizationFailed;
}

/// On the owner: the batches in their order; then `accepted` hears of it.
template <class Note>
Task<> append_all(World& here, OwnerAppends& work, Terms terms, Note& accepted) {
    for (std::size_t i = 0; i < work.appends.size(); ++i) {
        if (i + 1 < work.appends.size()) prefetch(*work.appends[i + 1].log);
        Append& each = work.appends[i];
        each.log_start = each.log->log_start_offset();
        if (each.records.batch.empty()) continue;
        const std::size_t size = each.records.batch.size();
        if (!each.log->has_room(size)) {
            const auto room = co_await each.log->wait_for_room(size);
            if (!room) {
                each.accepted = room.error();
                continue;
            }
        }
        each.accepted = each.log->append(each.records.batch, each.epoch);
        each.log_start = each.log->log_start_offset();
    }
    accepted.say(here);
    if (!terms.durable) co_return;
    for (Append& each : work.appends) {
        if (!each.accepted) continue;
        const Offset end = each.accepted->last_offset + 1;
        const auto durable = co_await each.log->wait_durable(end, terms.deadline);
        if (!durable) each.accepted = durable.error();
    }
}

/// What a log says of a batch's producer; such refusals tell where the log starts.
bool is_of_producer(boost::system::error_code error) {
    return error == make_error_code(Errc::kOutOfOrderSequence) ||
           error == make_error_code(Errc::kStaleProducerEpoch);
}

/// The work of a request, divided by owner, and its answer, in which refusals stand already.
class Division {
public:
    Division(BrokerContext& broker, const RequestContext& context, const ProduceRequest& request,
             const TopicsImage& image)
        : broker_(broker),
          context_(context),
          request_(request),
          image_(image),
          now_(broker.world.wall_clock_ms()) {}

    ProduceResponse response;
    std::deque<OwnerAppends> owners;

    void divide() {
        for (const auto& topic : request_.topics) {
            response.topics.emplace_back().name = topic.name;
            const AskedTopic asked{topic.name, image_.find(topic.name)};
            for (const auto& wanted : topic.partitions) {
                response.topics.back().partitions.push_back(take(asked, wanted));
            }
        }
    }

    /// What has become of the appends goes into the answer.
    void conclude() {
        for (const OwnerAppends& owner : owners) {
            for (const Append& each : owner.appends) {
                conclude(each, response.topics[each.topic].partitions[each.partition]);
            }
        }
    }

private:
    struct AskedTopic {
        const std::string& name;
        const TopicImage* image{};  // null when there is none of that name
    };

    static void conclude(const Append& append, ProduceResponse::Partition& partition) {
        if (append.records.refusal.error) {
            partition = blamed(partition.index, append.records.refusal, append.log_start);
        } else if (append.records.batch.empty()) {
            partition.base_offset = -1;
            partition.log_start_offset = append.log_start.value;
        } else if (!append.accepted) {
            partition = refused(partition.index, to_error_code(append.accepted.error()));
            if (is_of_producer(append.accepted.error())) {
                partition.log_start_offset = append.log_start.value;
            }
        } else {
            partition.base_offset = append.accepted->base_offset.value;
            const TimestampMs original = append.accepted->duplicate_of;
            partition.log_append_time_ms = original == kNoTimestamp ? append.append_time : original;
            partition.log_start_offset = append.log_start.value;
        }
    }

    ProduceResponse::Partition take(const AskedTopic& topic,
                                    const ProduceRequest::Partition& wanted) {
        if (is_internal_topic(topic.name) && context_.header.client_id != "__admin_client") {
            return refused(wanted.index, ErrorCode::kInvalidTopicException);
        }
        const FoundLog found = find_log(topic.image, wanted.index, kAnyLeaderEpoch);
        if (found.code != ErrorCode::kNone) return refused(wanted.index, found.code);
        const MutableBytes records = writable(wanted.records.value_or(ByteView()));
        if (holds_transaction(records)) return refused(wanted.index, refuse_transaction(request_));
        const ErrorCode code = check_request(records, context_.version());
        if (code != ErrorCode::kNone) return refused(wanted.index, code);
        if (!is_acks(request_.acks)) return refused(wanted.index, ErrorCode::kInvalidRequiredAcks);
        Append append;
        append.topic = response.topics.size() - 1;
        append.partition = response.topics.back().partitions.size();
        append.log = found.place.log;
        append.epoch = topic.image->leader_epoch;
        accept(append, {topic.image->config, now_, topic.name, wanted.index}, records);
        appends_of(found.place.owner).push_back(std::move(append));
        ProduceResponse::Partition partition;
        partition.index = wanted.index;
        return partition;
    }

    void accept(Append& append, const ProduceRules& rules, MutableBytes records) {
        append.records =
            context_.version() < kRecordBatchesFrom
                ? accept_messages(records, rules, broker_.decompressor)
                : accept_produced(*find_produced(records), rules, broker_.decompressor);
        const bool any = !append.records.batch.empty();
        if (any && rules.topic.message_timestamp_type == TimestampType::kLogAppendTime) {
            append.append_time = rules.now;
        }
    }

    std::vector<Append>& appends_of(ShardNumber owner) {
        for (OwnerAppends& each : owners) {
            if (each.owner == owner) return each.appends;
        }
        return owners.emplace_back(OwnerAppends{owner, {}}).appends;
    }

    BrokerContext& broker_;
    const RequestContext& context_;
    const ProduceRequest& request_;
    const TopicsImage& image_;
    const TimestampMs now_;
};

/// Carries the appends out on their owners, all at once. Admits the request when every batch has
/// its place, returns when the answer can be given.
Task<> carry_out(BrokerContext& broker, RequestContext& context, std::deque<OwnerAppends>& owners,
                 Terms terms) {
    std::size_t left = owners.size();
    if (left == 0) context.admit();
    const auto count = [&left, &context] {
        if (--left == 0) context.admit();
    };
    using Note = ShardNote<decltype(count)>;
    std::deque<Note> notes;
    const auto bind = [&broker, terms](OwnerAppends& work, Note& note) {
        World* const there = &broker.world.peer(work.owner);
        return [there, terms, &work, &note] { return append_all(*there, work, terms, note); };
    };
    std::deque<ShardCall<decltype(bind(owners.front(), notes.front()))>> calls;
    for (OwnerAppends& work : owners) {
        Note& note = notes.emplace_back(broker.world, count);
        calls.emplace_back(broker.world, work.owner, bind(work, note));
    }
    if (calls.size() == 1) {
        co_await calls.front().run();
        co_return;
    }
    for (auto& call : calls) call.start();
    for (auto& call : calls) co_await call.come_home();
}

bool any_error(const ProduceResponse& response) {
    for (const auto& topic : response.topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != raw(ErrorCode::kNone)) return true;
        }
    }
    return false;
}

}  // namespace

Task<ProduceResponse> handle_produce(BrokerContext& broker, RequestContext& context,
                                     const ProduceRequest& request) {
    const auto image = broker.view.now();
    Division division(broker, context, request, *image);
    division.divide();
    for (const OwnerAppends& each : division.owners) context.works_on(each.owner);
    // acks=1 has no deadline in Kafka: the leader's own log answers when it can.
    const Time deadline =
        broker.world.now() + std::chrono::milliseconds(std::max(request.timeout_ms, 0));
    const Terms terms{request.acks != 0, request.acks == -1 ? deadline : kNever};
    co_await carry_out(broker, context, division.owners, terms);
    division.conclude();
    if (request.acks == 0) {
        context.withhold_response();
        if (any_error(division.response)) {
            context.close_connection("a batch with acks=0 was refused");
        }
    }
    co_return std::move(division.response);
}

}  // namespace millrace
