// Produce, versions 0-11.
//
// Each partition's records are one batch of magic 2, checked here and appended in the order of the
// request; then the connection may read on, and the answer waits for durability. acks=1 and
// acks=all are the same with one replica. Versions 0 to 2 carry message sets, which are not read
// yet: the connection closes (they are advertised because librdkafka compresses only then,
// KAFKA-18659). acks=0 gets no answer; an error closes the connection instead, so that the client
// looks again.
#include "cluster/handlers/handlers.hpp"
#include "core/storage/produced_batch.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::int16_t kRecordBatchesFrom = 3;
constexpr std::int16_t kZstdFrom = 7;

/// A partition of the response whose batch was accepted and is awaited.
struct Pending {
    std::size_t topic;
    std::size_t partition;
    PartitionLog* log;
    Offset end;
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

Task<Result<AppendInfo>> append(PartitionLog& log, LeaderEpoch epoch, MutableBytes batch) {
    const auto room = co_await log.wait_for_room();
    if (!room) co_return room.error();
    co_return log.append(batch, epoch);
}

/// The answer to one partition; `pending` gets the log to wait for when the batch was accepted.
Task<ProduceResponse::Partition> begin_partition(BrokerContext& broker, RequestContext& context,
                                                 const ProduceRequest& request,
                                                 const ProduceRequest::Topic& topic,
                                                 const ProduceRequest::Partition& wanted,
                                                 std::vector<Pending>& pending) {
    if (!is_acks(request.acks)) co_return refused(wanted.index, ErrorCode::kInvalidRequiredAcks);
    if (is_internal_topic(topic.name) && context.header.client_id != "__admin_client") {
        co_return refused(wanted.index, ErrorCode::kInvalidTopicException);
    }
    PartitionLog* const log = broker.topics.find_log(topic.name, wanted.index);
    if (log == nullptr) co_return refused(wanted.index, ErrorCode::kUnknownTopicOrPartition);
    const LeaderEpoch epoch = broker.topics.find(topic.name)->leader_epoch;
    const ByteView records = wanted.records.value_or(ByteView());
    const ProduceRules rules{broker.config.message_bytes_max, context.version() >= kZstdFrom};
    const auto batch = accept_produced(writable(records), rules, broker.decompressor);
    if (!batch) co_return refused(wanted.index, to_error_code(batch.error()));
    if (RecordBatchView(*batch).is_transactional()) {
        co_return refused(wanted.index, refuse_transaction(request));
    }
    const auto appended = co_await append(*log, epoch, *batch);
    if (!appended) co_return refused(wanted.index, to_error_code(appended.error()));
    ProduceResponse::Partition partition;
    partition.index = wanted.index;
    partition.base_offset = appended->base_offset.value;
    partition.log_start_offset = log->log_start_offset().value;
    pending.push_back({0, 0, log, appended->last_offset + 1});
    co_return partition;
}

Task<> await_durability(BrokerContext& broker, const ProduceRequest& request,
                        const std::vector<Pending>& pending, ProduceResponse& response) {
    const Time deadline =
        broker.world.now() + std::chrono::milliseconds(std::max(request.timeout_ms, 0));
    for (const Pending& each : pending) {
        // acks=1 has no deadline in Kafka: the leader's own log answers when it can.
        const auto durable =
            co_await each.log->wait_durable(each.end, request.acks == -1 ? deadline : kNever);
        if (durable) continue;
        auto& partition = response.topics[each.topic].partitions[each.partition];
        partition = refused(partition.index, to_error_code(durable.error()));
    }
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
    std::vector<Pending> pending;
    for (const auto& topic : request.topics) {
        response.topics.emplace_back().name = topic.name;
        for (const auto& wanted : topic.partitions) {
            const std::size_t accepted = pending.size();
            auto partition =
                co_await begin_partition(broker, context, request, topic, wanted, pending);
            auto& partitions = response.topics.back().partitions;
            if (pending.size() > accepted) {
                pending.back().topic = response.topics.size() - 1;
                pending.back().partition = partitions.size();
            }
            partitions.push_back(std::move(partition));
        }
    }
    context.admit();
    if (request.acks == 0) {
        context.withhold_response();
        if (any_error(response)) context.close_connection("a batch with acks=0 was refused");
        co_return response;
    }
    co_await await_durability(broker, request, pending, response);
    co_return response;
}

}  // namespace millrace
