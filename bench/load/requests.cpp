#include "bench/load/requests.hpp"

#include "cluster/tools/partitioner.hpp"
#include "core/base/prng.hpp"
#include "core/storage/batch_builder.hpp"
#include "protocol/frame.hpp"
#include "protocol/header.hpp"
#include "protocol/message/produce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace millrace::bench {
namespace {

constexpr std::int32_t kTimeoutMs = 30'000;
constexpr std::uint64_t kSeed = 1;
/// What a record takes besides its value, with a key.
constexpr std::uint64_t kRecordOverhead = 24;
const Bytes kNoHeaders{std::byte{0}};

using Keys = std::vector<std::string>;

std::vector<Keys> keys_by_partition(std::size_t count, std::int32_t partitions) {
    Partitioner partitioner(Partitioner::Rule::kByKey, partitions);
    std::vector<Keys> keys(static_cast<std::size_t>(partitions));
    for (std::size_t i = 0; i < count; ++i) {
        std::string key = fmt::format("key{:09}", i);
        const auto partition = static_cast<std::size_t>(partitioner.partition_of(as_bytes(key)));
        keys[partition].push_back(std::move(key));
    }
    return keys;
}

/// Bytes that no disk and no filesystem compresses.
void fill(Bytes& value, Prng& prng) {
    for (std::byte& each : value) each = static_cast<std::byte>(prng.next());
}

/// The records' keys are those from `first` on, in turn; none where there are no keys.
Bytes make_batch(const Shape& shape, const Keys& keys, std::size_t first, TimestampMs now,
                 Prng& prng) {
    BatchBuilder builder(BatchFrame{});
    Bytes value(shape.record_bytes);
    for (std::int32_t i = 0; i < shape.batch_records; ++i) {
        std::optional<ByteView> key;
        if (!keys.empty()) {
            key = as_bytes(keys[(first + static_cast<std::size_t>(i)) % keys.size()]);
        }
        fill(value, prng);
        builder.append(now, key, value, kNoHeaders);
    }
    return std::move(builder).finish();
}

std::size_t most_keys(const std::vector<Keys>& keys) {
    std::size_t most = 0;
    for (const Keys& each : keys) most = std::max(most, each.size());
    return most;
}

PreparedRequest encode(const Shape& shape, std::int16_t version,
                       std::span<const PreparedBatch> batches) {
    ProduceRequest request;
    request.acks = shape.acks;
    request.timeout_ms = kTimeoutMs;
    auto& topic = request.topics.emplace_back();
    topic.name = shape.topic;
    for (const PreparedBatch& each : batches) {
        topic.partitions.push_back({each.partition, ByteView(each.bytes)});
    }
    Writer writer;
    start_frame(writer);
    encode_request_header(writer, {ProduceRequest::kApiKey, version, 0, kClientId});
    request.encode(writer, version);
    finish_frame(writer);
    return {writer.to_bytes(), batches.size()};
}

bool holds(std::span<const PreparedBatch> batches, std::int32_t partition) {
    return std::ranges::any_of(
        batches, [partition](const PreparedBatch& each) { return each.partition == partition; });
}

}  // namespace

std::uint64_t memory_of_batches(const Shape& shape, std::int32_t partitions) {
    const auto records = static_cast<std::uint64_t>(shape.batch_records);
    // Each partition's last batch begins anew with its first keys.
    const std::uint64_t batches =
        static_cast<std::uint64_t>(partitions) + shape.keys / std::max<std::uint64_t>(records, 1);
    return batches * records * (shape.record_bytes + kRecordOverhead);
}

std::vector<PreparedBatch> prepare_batches(const Shape& shape, std::int32_t partitions,
                                           TimestampMs now) {
    Prng prng(kSeed);
    const std::vector<Keys> keys = keys_by_partition(shape.keys, partitions);
    const auto step = static_cast<std::size_t>(shape.batch_records);
    const std::size_t end = shape.keys == 0 ? step : most_keys(keys);
    std::vector<PreparedBatch> batches;
    for (std::size_t first = 0; first < end; first += step) {
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (shape.keys != 0 && first >= keys[i].size()) continue;
            batches.push_back(
                {static_cast<std::int32_t>(i), make_batch(shape, keys[i], first, now, prng)});
        }
    }
    return batches;
}

std::vector<PreparedRequest> prepare_requests(const Shape& shape, std::int16_t version,
                                              const std::vector<PreparedBatch>& batches) {
    std::vector<PreparedRequest> requests;
    const std::span<const PreparedBatch> all(batches);
    for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
        for (end = begin + 1; end < all.size() && end - begin < shape.request_batches; ++end) {
            if (holds(all.subspan(begin, end - begin), all[end].partition)) break;
        }
        requests.push_back(encode(shape, version, all.subspan(begin, end - begin)));
    }
    return requests;
}

}  // namespace millrace::bench
