#include "cluster/tools/record_sender.hpp"

#include <utility>

namespace millrace {
namespace {

/// Of records, before they are compressed: well below what brokers take unless told otherwise.
constexpr std::size_t kBatchBytesMax = 512 << 10;
/// What a record takes besides its key and value, at most.
constexpr std::size_t kRecordOverhead = 20;
constexpr std::int32_t kTimeoutMs = 30'000;
constexpr std::int16_t kBatchesFrom = 3;
constexpr std::int16_t kZstdFrom = 7;
const Bytes kNoHeaders{std::byte{0}};

std::size_t size_of(const std::optional<ByteView>& field) { return field ? field->size() : 0; }

}  // namespace

void RecordSender::add(std::int32_t partition, const std::optional<ByteView>& key,
                       const std::optional<ByteView>& value) {
    const std::size_t size = size_of(key) + size_of(value) + kRecordOverhead;
    auto found = open_.find(partition);
    if (found != open_.end() && open_bytes_[partition] + size > kBatchBytesMax) {
        close(partition);
        found = open_.end();
    }
    if (found == open_.end()) {
        const BatchFrame frame{.codec = options_.codec};
        found = open_.try_emplace(partition, frame).first;
    }
    found->second.append(cluster_.world().wall_clock_ms(), key, value, kNoHeaders);
    open_bytes_[partition] += size;
    pending_ += size;
}

void RecordSender::close(std::int32_t partition) {
    const auto found = open_.find(partition);
    const std::int32_t records = found->second.record_count();
    Bytes bytes = std::move(found->second).finish();
    closed_[partition].push_back({std::move(bytes), records});
    open_.erase(found);
    open_bytes_.erase(partition);
}

void RecordSender::close_all() {
    while (!open_.empty()) close(open_.begin()->first);
}

RecordSender::Round RecordSender::next_round() const {
    Round round;
    for (const auto& [partition, batches] : closed_) {
        const std::int32_t leader = cluster_.leader_of({topic_, PartitionIndex{partition}});
        ProduceRequest& request = round[leader];
        if (request.topics.empty()) request.topics.emplace_back().name = topic_;
        request.acks = options_.acks;
        request.timeout_ms = kTimeoutMs;
        request.topics.front().partitions.push_back({partition, batches.front().bytes});
    }
    return round;
}

Task<Outcome<>> RecordSender::flush() {
    close_all();
    while (!closed_.empty()) {
        const Round round = next_round();
        for (const auto& [leader, request] : round) {
            const auto sent = co_await send(leader, request);
            if (sent) continue;
            if (!sent.error().may_pass) co_return sent;
            trouble_ = sent.error();
        }
        if (const auto trouble = std::exchange(trouble_, std::nullopt)) {
            const auto looked = co_await patience_.look_anew(*trouble);
            if (!looked) co_return looked;
        } else {
            patience_.end_of_trouble();
        }
    }
    pending_ = 0;
    co_return Outcome<>();
}

Task<Outcome<>> RecordSender::send(std::int32_t leader, const ProduceRequest& request) {
    const auto& partitions = request.topics.front().partitions;
    if (leader < 0) co_return has_no_leader({topic_, PartitionIndex{partitions.front().index}});
    const auto link = co_await cluster_.broker(leader);
    if (!link) co_return link.error();
    const std::int16_t version = (*link)->version_of<ProduceRequest>().value_or(0);
    if (version < kBatchesFrom) {
        co_return refused("the brokers are older than Kafka 0.11: they take no record batches");
    }
    if (version < kZstdFrom && options_.codec == Codec::kZstd) {
        co_return refused("the brokers are older than Kafka 2.1: they don't know zstd");
    }
    if (options_.acks == 0) {
        const auto told = co_await (*link)->tell(request);
        if (!told) co_return told;
        for (const auto& each : partitions) count(each.index, -1);
        co_return Outcome<>();
    }
    const auto response = co_await (*link)->ask<ProduceResponse>(request);
    if (!response) co_return response.error();
    co_return take(*response);
}

Outcome<> RecordSender::take(const ProduceResponse& response) {
    for (const auto& topic : response.topics) {
        for (const auto& each : topic.partitions) {
            if (each.error_code == 0) {
                count(each.index, each.base_offset);
                continue;
            }
            const std::string place = topic_ + "-" + std::to_string(each.index);
            Failure failure = refused_by_kafka(place, each.error_code);
            const std::string reason = each.error_message.value_or("");
            if (!reason.empty()) failure.text += ": " + reason;
            if (!failure.may_pass) return failure;
            trouble_ = failure;
        }
    }
    return {};
}

void RecordSender::count(std::int32_t partition, std::int64_t base_offset) {
    const auto queue = closed_.find(partition);
    if (queue == closed_.end()) return;
    const std::int32_t records = queue->second.front().records;
    Produced& produced = produced_[partition];
    if (base_offset >= 0) {
        if (produced.first_offset < 0) produced.first_offset = base_offset;
        produced.last_offset = base_offset + records - 1;
    }
    produced.records += records;
    queue->second.pop_front();
    if (queue->second.empty()) closed_.erase(queue);
}

}  // namespace millrace
