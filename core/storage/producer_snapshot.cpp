#include "core/storage/producer_snapshot.hpp"

#include "core/base/crc32c.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::int16_t kVersion = 1;
constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCountAt = 6;
constexpr std::size_t kEntriesAt = 10;
constexpr std::size_t kEntryBytes = 46;

void store_entry(std::byte* at, std::int64_t id, const Producer& producer,
                 const ProducerBatch& batch, TimestampMs timestamp) {
    store_be(at, id);
    store_be(at + 8, producer.epoch);
    store_be(at + 10, batch.last_sequence);
    store_be(at + 14, batch.last_offset.value);
    store_be(at + 22, batch.offset_delta);
    store_be(at + 26, timestamp);
    store_be(at + 34, producer.coordinator_epoch);
    store_be(at + 38, producer.transaction_start.value);
}

/// Each entry is the producer as of one of its batches; the last entry is what it is now.
std::byte* store_producer(std::byte* at, std::int64_t id, const Producer& producer) {
    if (producer.batch_count == 0) {
        store_entry(at, id, producer, {}, producer.last_timestamp);
        return at + kEntryBytes;
    }
    for (const ProducerBatch& each : producer.batches()) {
        const bool newest = &each == &producer.batches().back();
        store_entry(at, id, producer, each, newest ? producer.last_timestamp : each.timestamp);
        at += kEntryBytes;
    }
    return at;
}

void load_entry(const std::byte* at, Producer& producer) {
    producer.begin_epoch(load_be<std::int16_t>(at + 8));
    producer.last_timestamp = load_be<std::int64_t>(at + 26);
    producer.coordinator_epoch = load_be<std::int32_t>(at + 34);
    producer.transaction_start = Offset{load_be<std::int64_t>(at + 38)};
    const Offset last_offset{load_be<std::int64_t>(at + 14)};
    if (last_offset.value < 0) return;
    producer.add({load_be<std::int32_t>(at + 10), load_be<std::int32_t>(at + 22), last_offset,
                  producer.last_timestamp});
}

}  // namespace

Bytes format_producers(const ProducerState& state) {
    std::size_t count = 0;
    for (const auto& [id, producer] : state.producers()) {
        count += std::max<std::size_t>(producer.batch_count, 1);
    }
    Bytes bytes(kEntriesAt + count * kEntryBytes);
    store_be(bytes.data(), kVersion);
    store_be(&bytes[kCountAt], static_cast<std::int32_t>(count));
    std::byte* at = bytes.data() + kEntriesAt;
    for (const auto& [id, producer] : state.producers()) at = store_producer(at, id, producer);
    store_be(&bytes[kCrcAt], crc32c(ByteView(bytes).subspan(kCountAt)));
    return bytes;
}

Result<ProducerState> parse_producers(ByteView bytes) {
    if (bytes.size() < kEntriesAt) return Errc::kMalformed;
    if (load_be<std::int16_t>(bytes.data()) != kVersion) return Errc::kMalformed;
    if (load_be<std::uint32_t>(&bytes[kCrcAt]) != crc32c(bytes.subspan(kCountAt))) {
        return Errc::kMalformed;
    }
    const auto count = load_be<std::int32_t>(&bytes[kCountAt]);
    const std::size_t fit = (bytes.size() - kEntriesAt) / kEntryBytes;
    if (count < 0 || static_cast<std::size_t>(count) != fit) return Errc::kMalformed;
    std::map<std::int64_t, Producer> producers;
    for (std::size_t i = 0; i < fit; ++i) {
        const std::byte* const entry = &bytes[kEntriesAt + i * kEntryBytes];
        load_entry(entry, producers[load_be<std::int64_t>(entry)]);
    }
    ProducerState state;
    for (const auto& [id, producer] : producers) state.restore(id, producer);
    return state;
}

}  // namespace millrace
