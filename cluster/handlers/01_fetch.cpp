// Fetch, versions 4-17.
//
// Whole batches from the one that holds the asked offset, in the order in which partitions are
// asked for, within the partition's and the request's limits; the first batch of all comes whole
// even when it is larger (KIP-74). Waits until min_bytes are there, max_wait has passed, or a
// partition has an error. Topics go by name up to version 12, by id from 13 on. Fetch sessions
// (KIP-227) are not kept: every answer has session id 0, which tells the client to go on without
// one, and a later request of a session gets FETCH_SESSION_ID_NOT_FOUND.
#include "cluster/handlers/handlers.hpp"
#include "cluster/handlers/log_reads.hpp"
#include "core/storage/batch_headers.hpp"
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

/// What one answer holds.
struct Taken {
    std::size_t bytes{};
    std::size_t memory{};  // of these, in memory
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

FetchResponse::Partition found(const FetchRequest& request, std::int32_t index) {
    FetchResponse::Partition partition;
    partition.index = index;
    if (request.isolation_level != kReadCommitted) partition.aborted_transactions.reset();
    return partition;
}

/// The answer so far: refusals stand in it, and what has to be read is in `reads`.
FetchResponse divide(const RequestContext& context, const TopicsImage& image,
                     const FetchRequest& request, LogReads& reads) {
    FetchResponse response;
    const bool by_id = context.version() >= kTopicIdsFrom;
    for (const auto& topic : request.topics) {
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        const std::optional<std::string_view> name =
            by_id ? image.name_of(topic.topic_id) : std::optional<std::string_view>(topic.name);
        answer.partitions.reserve(topic.partitions.size());
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
                LogRead read;
                read.owner = place->owner;
                read.topic = response.topics.size() - 1;
                read.partition = answer.partitions.size();
                read.log = place->log;
                read.from = Offset{wanted.fetch_offset};
                read.bytes_max = static_cast<std::size_t>(std::max(wanted.partition_max_bytes, 0));
                std::vector<LogRead>& there = reads[place->owner].reads;
                if (there.empty()) there.reserve(topic.partitions.size());
                there.push_back(std::move(read));
                answer.partitions.push_back(found(request, wanted.index));
            } else {
                answer.partitions.push_back(failed(wanted.index, code));
            }
        }
    }
    return response;
}

/// What was read goes into the answer.
void conclude(RequestContext& context, LogRead& read, FetchResponse::Partition& partition,
              Taken& taken) {
    if (!read.read) {
        partition = failed(partition.index, code_of(context, read.read.error()));
        return;
    }
    Parts batches = std::move(*read.read);
    if (context.version() < kZstdFrom && holds_zstd(batches)) {
        partition = failed(partition.index, ErrorCode::kUnsupportedCompressionType);
        return;
    }
    partition.high_watermark = read.durable_end.value;
    partition.last_stable_offset = read.durable_end.value;
    partition.log_start_offset = read.log_start.value;
    taken.bytes += size_of(batches);
    taken.memory += memory_of(batches);
    partition.records = Records(std::move(batches));
}

void conclude_all(RequestContext& context, LogReads& reads, FetchResponse& response, Taken& taken) {
    for (LogRead* const each : in_request_order(reads)) {
        conclude(context, *each, response.topics[each->topic].partitions[each->partition], taken);
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

/// The most that all partitions of a request may bring.
std::size_t wanted_bytes(const LogReads& reads, std::size_t bytes_max) {
    std::size_t wanted = 0;
    for (const auto& [owner, mine] : reads) {
        for (const LogRead& each : mine.reads) wanted += each.bytes_max;
    }
    return std::min(wanted, bytes_max);
}

/// Batches that are looked into have to be in memory.
ReadInto reads_into(const RequestContext& context) {
    return context.version() < kZstdFrom ? ReadInto::kMemory : ReadInto::kAnything;
}

bool any_error(const FetchResponse& response) {
    for (const auto& topic : response.topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != raw(ErrorCode::kNone)) return true;
        }
    }
    return false;
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
    const auto enough = std::min<std::size_t>(std::max(request.min_bytes, 0), bytes_max);
    for (bool last_look = request.topics.empty() || request.max_wait_ms <= 0;;) {
        LogReads reads;
        FetchResponse response = divide(context, *image, request, reads);
        // Whether anything is there is soon read; whether several bytes are is counted first.
        if (enough > 1 && !last_look && !any_error(response)) {
            co_await wait_until_available(broker, reads, enough, deadline);
            last_look = true;
        }
        // Without room for it until the deadline the answer is empty, and the client asks again.
        auto hold = co_await broker.response_memory.take(wanted_bytes(reads, bytes_max), deadline);
        const std::size_t room = hold ? hold->size() : 0;
        const ReadLimit limit{room, hold.has_value(), reads_into(context)};
        co_await read_everywhere(broker, reads, limit);
        Taken taken;
        conclude_all(context, reads, response, taken);
        if (hold) {
            hold->resize(taken.memory);
            context.keep(std::move(*hold));
        }
        if (last_look || taken.bytes >= enough || any_error(response)) co_return response;
        context.drop_kept();
        co_await wait_for_any(broker, reads, deadline);
        // Nothing has moved, or only just: the answer stands, and the client asks again.
        if (broker.world.now() >= deadline || broker.waits.stopping()) co_return response;
    }
}

}  // namespace millrace
