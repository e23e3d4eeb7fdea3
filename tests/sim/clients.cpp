#include "tests/sim/clients.hpp"

#include "protocol/error_code.hpp"
#include "protocol/message/delete_records.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/list_offsets.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/support/batches.hpp"

#include <fmt/format.h>

#include <limits>

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kMetadataVersion = 9;
constexpr std::int16_t kListOffsetsVersion = 6;
constexpr std::int16_t kDeleteRecordsVersion = 2;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kHighWatermark = -1;
constexpr std::int64_t kFirstProducerId = 4'000;
constexpr std::size_t kBatchesRemembered = 5;

bool is_of_sequence(std::int16_t code) {
    return code == raw(ErrorCode::kOutOfOrderSequenceNumber) ||
           code == raw(ErrorCode::kDuplicateSequenceNumber) ||
           code == raw(ErrorCode::kInvalidProducerEpoch);
}

}  // namespace

void Clients::start(Producers producers, bool deletes) {
    producers_ = producers;
    if (producers == Producers::kIdempotent) ledger_.expect_exactly_once();
    for (int i = 0; i < kProducers; ++i) spawn(simulation_.start_process(), produce(i));
    for (int i = 0; i < kConsumers; ++i) spawn(simulation_.start_process(), consume());
    if (deletes) spawn(simulation_.start_process(), delete_records());
}

void Clients::start_reader(bool& done) { spawn(simulation_.start_process(), read_all(done)); }

Task<> Clients::produce(int producer) {
    World& world = *co_await this_world();
    Client client(world, kPort);
    Prng prng = prng_.fork();
    co_await make_topic(client, world);
    Sender sender{producer, -1, {}};
    if (producers_ == Producers::kIdempotent) sender.id = kFirstProducerId + producer;
    for (int number = 0; number < 130; ++number) {
        const auto partition = static_cast<std::int32_t>(prng.below(kPartitions));
        auto& newest = sender.sequences.at(static_cast<std::size_t>(partition)).newest;
        newest.push_back(next_batch(prng, sender, number, partition));
        if (newest.size() > kBatchesRemembered) newest.pop_front();
        co_await produce_surely(client, world, prng, sender, partition);
        if (prng.chance(1, 60)) co_await sleep_for(world, std::chrono::seconds(70));
    }
    co_await client.drop();
    ++producers_done_;
}

/// Sends the newest batch until it is acknowledged.
Task<> Clients::produce_surely(Client& client, World& world, Prng& prng, Sender& sender,
                               std::int32_t partition) {
    const Sequence& sequence = sender.sequences.at(static_cast<std::size_t>(partition));
    const std::int16_t acks = prng.chance(1, 5) ? 1 : -1;
    bool done = co_await produce_once(client, partition, sequence.newest.back(), acks);
    while (!done) {
        co_await sleep_for(world, std::chrono::milliseconds(prng.between(1, 40)));
        if (sender.id < 0) {
            done = co_await produce_once(client, partition, sequence.newest.back(), acks);
        } else {
            done = co_await produce_again(client, prng, sender, partition, acks);
        }
    }
}

/// The newest batch and some before it, in their order, as they were.
Task<bool> Clients::produce_again(Client& client, Prng& prng, Sender& sender,
                                  std::int32_t partition, std::int16_t acks) {
    const auto& newest = sender.sequences.at(static_cast<std::size_t>(partition)).newest;
    for (std::size_t i = prng.below(newest.size()); i < newest.size(); ++i) {
        if (!co_await produce_once(client, partition, newest[i], acks)) co_return false;
    }
    co_return true;
}

Bytes Clients::next_batch(Prng& prng, Sender& sender, int number, std::int32_t partition) {
    Sequence& sequence = sender.sequences.at(static_cast<std::size_t>(partition));
    for (std::int64_t salt = 0;; ++salt) {
        BatchRecipe recipe{.records = static_cast<std::int32_t>(prng.between(1, 20)),
                           .value_bytes = static_cast<std::size_t>(
                               prng.chance(1, 10) ? prng.between(1, 1'500) : prng.between(1, 200)),
                           .base_timestamp = 1'700'000'000'000 + sender.number * 1'000'000 +
                                             number * 1'000 + salt};
        if (sender.id >= 0) {
            recipe.producer_id = sender.id;
            recipe.base_sequence = sequence.next;
            recipe.producer_epoch = 0;
        }
        Bytes batch = make_batch(recipe);
        const std::uint32_t crc = RecordBatchView(batch).crc();
        if (!ledger_.add_batch(partition, crc, sender.number, number)) continue;
        sequence.next += recipe.records;
        return batch;
    }
}

Task<> Clients::make_topic(Client& client, World& world) {
    MetadataRequest request;
    request.topics.emplace().emplace_back().name = kTopic;
    for (;;) {
        const auto response = co_await client.ask<MetadataResponse>(request, kMetadataVersion);
        if (response && response->topics.size() == 1 && response->topics[0].error_code == 0) {
            co_return;
        }
        co_await sleep_for(world, std::chrono::milliseconds(20));
    }
}

Task<bool> Clients::produce_once(Client& client, std::int32_t partition, const Bytes& batch,
                                 std::int16_t acks) {
    ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.partitions.emplace_back().index = partition;
    topic.partitions.back().records = ByteView(batch);
    const RecordBatchView sent(batch);
    const std::uint32_t crc = sent.crc();
    ledger_.note_attempt(partition, crc);
    ++outcome_.requests;
    const auto response = co_await client.ask<ProduceResponse>(request, kProduceVersion);
    if (!response) co_return false;
    const auto& answer = response->topics.at(0).partitions.at(0);
    note_answer(answer.error_code);
    if (is_of_sequence(answer.error_code)) {
        // All was sent in its order, and nothing may be lost.
        ledger_.complain(fmt::format("partition {}: batch {:08x} is refused with {}", partition,
                                     crc, answer.error_code));
        co_return true;
    }
    if (answer.error_code != 0) co_return false;
    const Offset base{answer.base_offset};
    ledger_.note_acknowledged(partition, base, base + (sent.record_count() - 1), crc);
    co_return true;
}

Task<> Clients::consume() {
    World& world = *co_await this_world();
    Client client(world, kPort);
    Prng prng = prng_.fork();
    co_await make_topic(client, world);
    std::vector<std::int64_t> next(kPartitions, 0);
    while (!consumers_stop_) {
        const auto partition = static_cast<std::int32_t>(prng.below(kPartitions));
        std::int64_t& at = next[static_cast<std::size_t>(partition)];
        const auto bytes_max = static_cast<std::int32_t>(prng.between(1, 60'000));
        Bytes batches;
        const bool answered = co_await fetch_once(client, partition, at, bytes_max, 300, batches);
        if (!answered) co_await sleep_for(world, std::chrono::milliseconds(10));
        // Now and then from somewhere in the middle.
        if (prng.chance(1, 50)) at = static_cast<std::int64_t>(prng.below(at + 1));
    }
    co_await client.drop();
    ++consumers_done_;
}

Task<> Clients::delete_records() {
    World& world = *co_await this_world();
    Client client(world, kPort);
    Prng prng = prng_.fork();
    co_await make_topic(client, world);
    while (!consumers_stop_) {
        co_await sleep_for(world, std::chrono::milliseconds(prng.between(20, 2'000)));
        const auto partition = static_cast<std::int32_t>(prng.below(kPartitions));
        const std::int64_t end = ledger_.known_end(partition);
        const bool all = prng.chance(1, 8);
        const auto some =
            static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(end) + 1));
        DeleteRecordsRequest request;
        request.timeout_ms = 30'000;
        auto& topic = request.topics.emplace_back();
        topic.name = kTopic;
        topic.partitions.push_back({partition, all ? kHighWatermark : some});
        ledger_.note_deletion_asked(partition,
                                    Offset{all ? std::numeric_limits<std::int64_t>::max() : some});
        const auto response =
            co_await client.ask<DeleteRecordsResponse>(request, kDeleteRecordsVersion);
        if (!response) continue;
        const auto& answer = response->topics.at(0).partitions.at(0);
        note_answer(answer.error_code);
        if (answer.error_code != 0) continue;
        ++outcome_.deletions;
        if (!all && answer.low_watermark < some) ledger_.complain("a deletion goes not far enough");
        ledger_.note_deleted(partition, Offset{answer.low_watermark});
    }
    co_await client.drop();
}

/// Where the log begins, if that lies behind `at`.
Task<> Clients::find_begin(Client& client, std::int32_t partition, std::int64_t& at) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.partitions.emplace_back().index = partition;
    topic.partitions.back().current_leader_epoch = -1;
    topic.partitions.back().timestamp = kEarliest;
    const Offset deleted = ledger_.deleted(partition);
    const auto response = co_await client.ask<ListOffsetsResponse>(request, kListOffsetsVersion);
    if (!response) co_return;
    const auto& answer = response->topics.at(0).partitions.at(0);
    if (answer.error_code != 0) co_return;
    ledger_.note_begin(partition, Offset{answer.offset}, deleted);
    at = answer.offset;
}

/// Appends what was fetched to `into` and moves `at` behind it.
Task<bool> Clients::fetch_once(Client& client, std::int32_t partition, std::int64_t& at,
                               std::int32_t bytes_max, std::int32_t wait_ms, Bytes& into) {
    FetchRequest request;
    request.max_wait_ms = wait_ms;
    request.min_bytes = 1;
    request.max_bytes = 1 << 20;
    request.session_epoch = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.partitions.emplace_back().index = partition;
    topic.partitions.back().fetch_offset = at;
    topic.partitions.back().partition_max_bytes = bytes_max;
    ++outcome_.requests;
    const std::uint64_t losses = outcome_.power_losses;
    const Offset deleted = ledger_.deleted(partition);
    const auto response = co_await client.ask<FetchResponse>(request, kFetchVersion);
    // An answer that was under way while the power went tells of a log that may be shorter.
    if (!response || losses != outcome_.power_losses) co_return false;
    const auto& answer = response->topics.at(0).partitions.at(0);
    note_answer(answer.error_code);
    if (answer.error_code == raw(ErrorCode::kOffsetOutOfRange)) {
        co_await find_begin(client, partition, at);
    }
    if (answer.error_code != 0) co_return false;
    ledger_.note_begin(partition, Offset{answer.log_start_offset}, deleted);
    if (Offset{at} < deleted) ledger_.complain("a deleted offset is served");
    const Bytes records = answer.records ? answer.records->to_bytes() : Bytes();
    const ByteView batches = records;
    ledger_.note_seen(partition, Offset{at}, batches);
    append_bytes(into, batches);
    for (ByteView rest = batches; !rest.empty();) {
        const RecordBatchView batch(rest);
        at = batch.last_offset().value + 1;
        rest = rest.subspan(batch.size_in_bytes());
    }
    co_return true;
}

void Clients::note_answer(std::int16_t code) {
    if (code == raw(ErrorCode::kKafkaStorageError)) ++outcome_.storage_errors;
    if (code == 0 && broker_.is_degraded()) ++outcome_.served_beside_failed;
}

Task<> Clients::read_all(bool& done) {
    World& world = *co_await this_world();
    Client client(world, kPort);
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
        Bytes all;
        std::int64_t begin = 0;
        std::int64_t at = 0;
        for (int quiet = 0; quiet < 2;) {
            const std::int64_t before = at;
            const bool answered = co_await fetch_once(client, partition, at, 1 << 20, 0, all);
            if (!answered && at > before) {
                // It begins there, or what was read is deleted meanwhile.
                begin = at;
                all.clear();
            }
            if (at < before) {
                ledger_.complain("what was shown is not there any more");
                break;
            }
            if (answered && at == before) ++quiet;
            if (!answered) co_await sleep_for(world, std::chrono::milliseconds(5));
        }
        ledger_.check_whole(partition, Offset{begin}, all);
    }
    co_await client.drop();
    done = true;
}

}  // namespace millrace::sim
