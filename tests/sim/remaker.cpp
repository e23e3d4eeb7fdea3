#include "tests/sim/remaker.hpp"

#include "protocol/error_code.hpp"
#include "protocol/message/create_topics.hpp"
#include "protocol/message/delete_topics.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/support/batches.hpp"

namespace millrace::sim {
namespace {

constexpr std::uint16_t kPort = 9092;
const std::string kRemade = "remade";

}  // namespace

void Remaker::start(Promises promises) {
    promises_ = promises;
    spawn(simulation_.start_process(), remake());
}

Task<> Remaker::remake() {
    World& world = *co_await this_world();
    Client client(world, kPort);
    while (!stopping_) co_await live_once(client);
    co_await client.drop();
    done_ = true;
}

Task<> Remaker::live_once(Client& client) {
    sent_.clear();
    acknowledged_.clear();
    const bool made = co_await make(client);
    if (!made) co_return;
    for (auto writes = prng_.between(0, 6); writes > 0 && !stopping_; --writes) {
        co_await write(client);
        if (prng_.chance(1, 3)) co_await read(client);
    }
    co_await read(client);
    co_await remove(client);
    // Lives follow each other faster than any client's would, and each costs the run its events.
    World& world = *co_await this_world();
    co_await sleep_for(world, std::chrono::milliseconds(prng_.between(1, 3'000)));
}

Task<> Remaker::pause() {
    World& world = *co_await this_world();
    co_await sleep_for(world, std::chrono::milliseconds(prng_.between(1, 60)));
}

/// False when it stops before.
Task<bool> Remaker::make(Client& client) {
    while (!stopping_) {
        const bool made = co_await make_once(client);
        if (made) co_return true;
        co_await pause();
    }
    co_return false;
}

/// An answer may get lost, so that the topic is there already; its id is what counts. A start
/// without a directory may have said that a topic is gone which it only didn't know: that one is
/// deleted once more.
Task<bool> Remaker::make_once(Client& client) {
    CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = kRemade;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
    const auto created = co_await client.ask<CreateTopicsResponse>(request, 7);
    if (!created) co_return false;
    MetadataRequest question;
    question.allow_auto_topic_creation = false;
    question.topics.emplace().emplace_back().name = kRemade;
    const auto found = co_await client.ask<MetadataResponse>(question, 12);
    if (!found || found->topics.at(0).error_code != 0) co_return false;
    id_ = found->topics.at(0).topic_id;
    const bool is_back = gone_.contains(id_);
    if (is_back && promises_.nothing_back) ledger_.complain("a deleted topic is there again");
    if (is_back) co_await remove(client);
    co_return !is_back;
}

Task<> Remaker::write(Client& client) {
    const Bytes batch =
        make_batch({.records = 1,
                    .value_bytes = static_cast<std::size_t>(prng_.between(1, 3'000)),
                    .base_timestamp = 1'800'000'000'000 + ++batches_made_});
    sent_.insert(RecordBatchView(batch).crc());
    for (int tries = 0; tries < 5 && !stopping_; ++tries) {
        if (co_await write_once(client, batch)) co_return;
        co_await pause();
    }
}

Task<bool> Remaker::write_once(Client& client, const Bytes& batch) {
    ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = kRemade;
    topic.partitions.emplace_back().records = ByteView(batch);
    const auto response = co_await client.ask<ProduceResponse>(request, 9);
    if (!response || response->topics.at(0).partitions.at(0).error_code != 0) co_return false;
    const std::int64_t base = response->topics.at(0).partitions.at(0).base_offset;
    const auto crc = RecordBatchView(batch).crc();
    const bool is_new = acknowledged_.insert_or_assign(base, crc).second;
    if (!is_new && promises_.nothing_lost) ledger_.complain("an offset is given twice");
    co_return true;
}

/// From the first batch on, in as many answers as it takes; one that doesn't come is let go.
Task<> Remaker::read(Client& client) {
    Bytes all;
    for (std::int64_t next = 0; co_await read_on(client, next, all);) {
    }
}

/// What is there from `next` on; the last answer has everything checked. False when it was that, or
/// did not come.
Task<bool> Remaker::read_on(Client& client, std::int64_t& next, Bytes& all) {
    FetchRequest request;
    request.max_wait_ms = 0;
    request.max_bytes = 1 << 20;
    request.session_epoch = -1;
    auto& topic = request.topics.emplace_back();
    topic.topic_id = id_;
    topic.partitions.emplace_back().partition_max_bytes = 1 << 20;
    topic.partitions.back().fetch_offset = next;
    const auto response = co_await client.ask<FetchResponse>(request, 13);
    if (!response || response->topics.empty()) co_return false;
    const auto& answer = response->topics.at(0).partitions.at(0);
    if (answer.error_code != 0) co_return false;
    const Bytes records = answer.records ? answer.records->to_bytes() : Bytes();
    append_bytes(all, records);
    for (ByteView rest = records; !rest.empty();) {
        const RecordBatchView batch(rest);
        next = batch.last_offset().value + 1;
        rest = rest.subspan(batch.size_in_bytes());
    }
    const bool is_end = next >= answer.high_watermark;
    if (is_end) check(all);
    // Short of memory for responses, a broker answers with nothing.
    if (!is_end && records.empty()) co_await pause();
    co_return !is_end && !stopping_;
}

void Remaker::check(ByteView batches) {
    std::map<std::int64_t, std::uint32_t> seen;
    for (ByteView rest = batches; !rest.empty();) {
        const RecordBatchView batch(rest);
        seen.emplace(batch.base_offset().value, batch.crc());
        if (!sent_.contains(batch.crc())) ledger_.complain("a topic holds another one's records");
        rest = rest.subspan(batch.size_in_bytes());
    }
    if (!promises_.nothing_lost) return;
    for (const auto& [base, crc] : acknowledged_) {
        const auto found = seen.find(base);
        const bool is_there = found != seen.end() && found->second == crc;
        if (!is_there) ledger_.complain("a topic that was made again has lost a record");
    }
}

Task<> Remaker::remove(Client& client) {
    DeleteTopicsRequest request;
    request.timeout_ms = 30'000;
    request.topics.emplace_back().topic_id = id_;
    for (bool removed = false; !removed && !stopping_;) {
        const auto response = co_await client.ask<DeleteTopicsResponse>(request, 6);
        if (response) {
            const std::int16_t code = response->responses.at(0).error_code;
            removed = code == 0 || code == raw(ErrorCode::kUnknownTopicId);
        }
        if (!removed) co_await pause();
    }
    if (!stopping_) gone_.insert(id_);
}

}  // namespace millrace::sim
