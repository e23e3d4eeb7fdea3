#include "cluster/tools/fetcher.hpp"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

/// From 13 on topics are named by their ids, which older brokers can't tell.
constexpr std::int16_t kLastByName = 12;
/// The first that carries batches of magic 2.
constexpr std::int16_t kBatchesFrom = 4;
constexpr std::int32_t kWaitMs = 500;
constexpr std::int32_t kBytesMax = 16 << 20;
constexpr std::int32_t kPartitionBytesMax = 2 << 20;

/// In one piece.
Bytes gathered(const Records& records) {
    Bytes bytes = records.owned();
    for (const Part& each : records.parts()) append_bytes(bytes, each.memory);
    return bytes;
}

}  // namespace

void Fetcher::assign(const Offsets& positions) {
    positions_ = positions;
    ends_.clear();
    outside_.clear();
    trouble_.reset();
    patience_.end_of_trouble();
}

std::map<std::int32_t, Fetcher::Led> Fetcher::by_leader() const {
    std::map<std::int32_t, Led> leaders;
    for (const auto& [partition, offset] : positions_) {
        leaders[cluster_.leader_of(partition)].push_back(partition);
    }
    return leaders;
}

FetchRequest Fetcher::request_for(const Led& led, std::size_t leaders) const {
    FetchRequest request;
    if (is_idle_) request.max_wait_ms = kWaitMs / static_cast<std::int32_t>(leaders);
    request.min_bytes = 1;
    request.max_bytes = kBytesMax;
    for (const TopicPartition& each : led) {
        auto& partition = topic_at_end(request.topics, each.topic).partitions.emplace_back();
        partition.index = each.partition.value;
        partition.fetch_offset = positions_.at(each);
        partition.partition_max_bytes = kPartitionBytesMax;
    }
    return request;
}

Task<Outcome<>> Fetcher::fetch(const OnRecord& on_record) {
    const auto leaders = by_leader();
    const std::int64_t before = taken_;
    std::optional<Failure> trouble;
    for (const auto& [leader, led] : leaders) {
        const auto fetched = co_await fetch_from(led, leaders.size(), on_record);
        if (fetched) continue;
        if (!fetched.error().may_pass) co_return fetched;
        trouble = fetched.error();
    }
    is_idle_ = taken_ == before;
    if (!outside_.empty()) {
        const auto put_back = co_await put_back_inside();
        if (!put_back) co_return put_back;
    }
    if (!trouble) trouble = std::exchange(trouble_, std::nullopt);
    if (trouble) co_return co_await patience_.look_anew(*trouble);
    patience_.end_of_trouble();
    co_return Outcome<>();
}

Task<Outcome<>> Fetcher::fetch_from(const Led& led, std::size_t leaders,
                                    const OnRecord& on_record) {
    const auto link = co_await cluster_.leader(led.front());
    if (!link) co_return link.error();
    if ((*link)->version_of<FetchRequest>().value_or(0) < kBatchesFrom) {
        co_return refused("the brokers are older than Kafka 0.11: they send no record batches");
    }
    const FetchRequest request = request_for(led, leaders);
    const auto response = co_await (*link)->ask<FetchResponse>(request, kLastByName);
    if (!response) co_return response.error();
    if (response->error_code != 0) co_return refused_by_kafka("reading", response->error_code);
    co_return take(*response, on_record);
}

Task<Outcome<>> Fetcher::put_back_inside() {
    const Led led(outside_.begin(), outside_.end());
    outside_.clear();
    const auto extents = co_await list_extents(cluster_, led);
    if (!extents) co_return extents.error();
    for (const auto& [partition, extent] : *extents) {
        std::int64_t& next = positions_.at(partition);
        next = next < extent.begin ? extent.begin : extent.end;
    }
    co_return Outcome<>();
}

Outcome<> Fetcher::take(const FetchResponse& response, const OnRecord& on_record) {
    for (const auto& topic : response.topics) {
        for (const auto& each : topic.partitions) {
            const TopicPartition partition{topic.name, PartitionIndex{each.index}};
            if (!positions_.contains(partition)) continue;
            const auto taken = take_partition(partition, each, on_record);
            if (!taken) return taken;
        }
    }
    return {};
}

Outcome<> Fetcher::take_partition(const TopicPartition& partition,
                                  const FetchResponse::Partition& fetched,
                                  const OnRecord& on_record) {
    if (fetched.error_code == raw(ErrorCode::kOffsetOutOfRange)) {
        outside_.insert(partition);
        return {};
    }
    if (fetched.error_code != 0) {
        const Failure failure =
            refused_by_kafka("reading " + partition.folder(), fetched.error_code);
        if (!failure.may_pass) return failure;
        trouble_ = failure;
        return {};
    }
    ends_[partition] = fetched.high_watermark;
    if (!fetched.records || fetched.records->empty()) return {};
    const Parts& parts = fetched.records->parts();
    if (parts.size() == 1) return take_records(partition, parts.front().memory, on_record);
    const Bytes bytes = gathered(*fetched.records);
    return take_records(partition, bytes, on_record);
}

Outcome<> Fetcher::take_records(const TopicPartition& partition, ByteView bytes,
                                const OnRecord& on_record) {
    // What is cut off at the end comes whole with the next question.
    while (look_at_front(bytes) == Front::kBatch) {
        const auto batch = parse_batch(bytes);
        if (!batch) {
            return refused(partition.folder() +
                           " holds messages of before Kafka 0.11, which "
                           "aren't read here");
        }
        const auto goes_on = take_batch(partition, *batch, on_record);
        if (!goes_on) return goes_on.error();
        if (!*goes_on) return {};
        bytes = bytes.subspan(batch->size_in_bytes());
    }
    return {};
}

Outcome<bool> Fetcher::take_batch(const TopicPartition& partition, const RecordBatchView& batch,
                                  const OnRecord& on_record) {
    if (!batch.crc_holds()) {
        return refused(partition.folder() + ": the batch at offset " +
                       std::to_string(batch.base_offset().value) + " is damaged");
    }
    std::int64_t& next = positions_.at(partition);
    bool goes_on = true;
    const auto read_one = [&](const RecordView& each) {
        const std::int64_t offset = batch.base_offset().value + each.offset_delta;
        // A batch is sent whole, and may begin before what was asked for.
        if (offset < next) return true;
        const TimestampMs time = batch.is_append_time()
                                     ? batch.max_timestamp()
                                     : batch.base_timestamp() + each.timestamp_delta;
        const ConsumedRecord record{partition, offset, time, each.key, each.value, each.headers};
        goes_on = on_record(record);
        next = goes_on ? offset + 1 : offset;
        if (goes_on) ++taken_;
        return goes_on;
    };
    if (!batch.is_control()) {
        const auto read = records_.read(batch, read_one);
        if (!read) return refused(partition.folder() + ": " + read.error().message());
    }
    if (goes_on) next = std::max(next, batch.last_offset().value + 1);
    return goes_on;
}

}  // namespace millrace
