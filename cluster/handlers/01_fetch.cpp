// Fetch, versions 4-17.
//
// Whole batches from the one that holds the asked offset, in the order in which partitions are
// asked for, within the partition's and the request's limits; the first batch of all comes whole
// even when it is larger (KIP-74). Waits until min_bytes are there, max_wait has passed, or a
// partition has an error. Topics go by name up to version 12, by id from 13 on. Fetch sessions
// (KIP-227) are not kept: every answer has session id 0, which tells the client to go on without
// one, and a later request of a session gets FETCH_SESSION_ID_NOT_FOUND.
#include "cluster/handlers/handlers.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>

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
    bool any_error{};
};

ErrorCode check_epoch(const StoredTopic& topic, std::int32_t asked) {
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

bool holds_zstd(ByteView batches) {
    while (batches.size() >= kBatchHeaderBytes) {
        const RecordBatchView batch(batches);
        if (batch.codec() == Codec::kZstd) return true;
        batches = batches.subspan(std::min(batch.size_in_bytes(), batches.size()));
    }
    return false;
}

Task<FetchResponse::Partition> read_partition(BrokerContext& broker, RequestContext& context,
                                              std::string_view topic_name,
                                              const FetchRequest& request,
                                              const FetchRequest::Partition& wanted,
                                              Budget& budget) {
    PartitionLog* const log = broker.topics.find_log(topic_name, wanted.index);
    if (log == nullptr) co_return failed(wanted.index, ErrorCode::kUnknownTopicOrPartition);
    const ErrorCode epoch =
        check_epoch(*broker.topics.find(topic_name), wanted.current_leader_epoch);
    if (epoch != ErrorCode::kNone) co_return failed(wanted.index, epoch);

    const auto partition_max = static_cast<std::size_t>(std::max(wanted.partition_max_bytes, 0));
    const bool nothing_yet = budget.bytes == 0;
    auto read = co_await log->read(Offset{wanted.fetch_offset},
                                   std::min(partition_max, budget.bytes_left), nothing_yet);
    if (!read) co_return failed(wanted.index, code_of(context, read.error()));
    if (context.version() < kZstdFrom && holds_zstd(read->batches)) {
        co_return failed(wanted.index, ErrorCode::kUnsupportedCompressionType);
    }
    FetchResponse::Partition partition;
    partition.index = wanted.index;
    partition.high_watermark = log->durable_end().value;
    partition.last_stable_offset = log->durable_end().value;
    partition.log_start_offset = log->log_start_offset().value;
    if (request.isolation_level != kReadCommitted) partition.aborted_transactions.reset();
    partition.records = Records(read->batches);
    budget.bytes += read->batches.size();
    budget.bytes_left -= std::min(budget.bytes_left, read->batches.size());
    context.keep(std::move(read->memory));
    co_return partition;
}

Task<FetchResponse> read_all(BrokerContext& broker, RequestContext& context,
                             const FetchRequest& request, Budget& budget) {
    FetchResponse response;
    for (const auto& topic : request.topics) {
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        const bool by_id = context.version() >= kTopicIdsFrom;
        const std::optional<std::string_view> name =
            by_id ? broker.topics.name_of(topic.topic_id)
                  : std::optional<std::string_view>(topic.name);
        for (const auto& wanted : topic.partitions) {
            FetchResponse::Partition partition;
            if (name) {
                partition =
                    co_await read_partition(broker, context, *name, request, wanted, budget);
            } else {
                partition = failed(wanted.index, ErrorCode::kUnknownTopicId);
            }
            if (partition.error_code != raw(ErrorCode::kNone)) budget.any_error = true;
            response.topics.back().partitions.push_back(std::move(partition));
        }
    }
    co_return response;
}

/// A request inside a session that this broker never made.
std::optional<ErrorCode> check_session(const FetchRequest& request) {
    const bool makes_or_ends =
        request.session_epoch == kFirstEpoch || request.session_epoch == kFinalEpoch;
    if (request.session_id == kNoSession && makes_or_ends) return std::nullopt;
    if (request.session_id == kNoSession) return ErrorCode::kInvalidFetchSessionEpoch;
    return ErrorCode::kFetchSessionIdNotFound;
}

bool is_enough(const FetchRequest& request, const Budget& budget, std::size_t bytes_max) {
    const auto wanted = static_cast<std::size_t>(std::max(request.min_bytes, 0));
    return budget.any_error || request.topics.empty() || request.max_wait_ms <= 0 ||
           budget.bytes >= std::min(wanted, bytes_max);
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
    bool last_look = false;
    for (;;) {
        const std::int64_t seen = broker.topics.moves();
        Budget budget{bytes_max};
        auto response = co_await read_all(broker, context, request, budget);
        if (last_look || is_enough(request, budget, bytes_max)) co_return response;
        context.drop_kept();
        const auto moved = co_await broker.topics.wait_for_move(seen, deadline);
        last_look = !moved;
    }
}

}  // namespace millrace
