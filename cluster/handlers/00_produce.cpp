// Produce, versions 0-11.
//
// Each partition's records are one batch of magic 2, checked on the connection's shard and appended
// on the shard of its log, in the order of the request there; when all of them have their places,
// the connection may read on, and the answer waits for durability. acks=1 and acks=all are the same
// with one replica. Versions 0 to 2 carry message sets, which are not read yet: the connection
// closes (they are advertised because librdkafka compresses only then, KAFKA-18659). acks=0 gets no
// answer; an error closes the connection instead, so that the client looks again.
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/storage/produced_batch.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>
#include <deque>

namespace millrace {
namespace {

constexpr std::int16_t kRecordBatchesFrom = 3;
constexpr std::int16_t kZstdFrom = 7;

/// One partition's batch on its way to its log, and what became of it.
struct Append {
    std::size_t topic{};  // the places in the response
    std::size_t partition{};
    PartitionLog* log{};
    LeaderEpoch epoch;
    MutableBytes batch;
    Result<AppendInfo> accepted{Errc::kStopping};
    Offset log_start;
};

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
    for (Append& each : work.appends) {
        const auto room = co_await each.log->wait_for_room(each.batch.size());
        if (!room) {
            each.accepted = room.error();
            continue;
        }
        each.accepted = each.log->append(each.batch, each.epoch);
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

/// The work of a request, divided by owner, and its answer, in which refusals stand already.
class Division {
public:
    Division(BrokerContext& broker, const RequestContext& context, const ProduceRequest& request,
             const TopicsImage& image)
        : broker_(broker), context_(context), request_(request), image_(image) {}

    ProduceResponse response;
    std::deque<OwnerAppends> owners;

    void divide() {
        for (const auto& topic : request_.topics) {
            response.topics.emplace_back().name = topic.name;
            for (const auto& wanted : topic.partitions) {
                response.topics.back().partitions.push_back(take(topic.name, wanted));
            }
        }
    }

    /// What has become of the appends goes into the answer.
    void conclude() {
        for (const OwnerAppends& owner : owners) {
            for (const Append& each : owner.appends) {
                auto& partition = response.topics[each.topic].partitions[each.partition];
                if (each.accepted) {
                    partition.base_offset = each.accepted->base_offset.value;
                    partition.log_append_time_ms = each.accepted->duplicate_of;
                    partition.log_start_offset = each.log_start.value;
                } else {
                    partition = refused(partition.index, to_error_code(each.accepted.error()));
                }
            }
        }
    }

private:
    ProduceResponse::Partition take(const std::string& topic,
                                    const ProduceRequest::Partition& wanted) {
        if (!is_acks(request_.acks)) return refused(wanted.index, ErrorCode::kInvalidRequiredAcks);
        if (is_internal_topic(topic) && context_.header.client_id != "__admin_client") {
            return refused(wanted.index, ErrorCode::kInvalidTopicException);
        }
        const LogPlace* const place = image_.find_log(topic, wanted.index);
        if (place == nullptr) return refused(wanted.index, ErrorCode::kUnknownTopicOrPartition);
        if (place->log == nullptr) return refused(wanted.index, ErrorCode::kKafkaStorageError);
        const ByteView records = wanted.records.value_or(ByteView());
        const ProduceRules rules{broker_.config.message_bytes_max, context_.version() >= kZstdFrom};
        const auto batch = accept_produced(writable(records), rules, broker_.decompressor);
        if (!batch) return refused(wanted.index, to_error_code(batch.error()));
        if (RecordBatchView(*batch).is_transactional()) {
            return refused(wanted.index, refuse_transaction(request_));
        }
        Append append;
        append.topic = response.topics.size() - 1;
        append.partition = response.topics.back().partitions.size();
        append.log = place->log;
        append.epoch = image_.find(topic)->leader_epoch;
        append.batch = *batch;
        appends_of(place->owner).push_back(append);
        ProduceResponse::Partition partition;
        partition.index = wanted.index;
        return partition;
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
    ProduceResponse response;
    if (context.version() < kRecordBatchesFrom) {
        context.close_connection(
            "Produce below version 3 carries message sets: use a client of "
            "Kafka 0.11 or later");
        co_return response;
    }
    const auto image = broker.view.now();
    Division division(broker, context, request, *image);
    division.divide();
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
