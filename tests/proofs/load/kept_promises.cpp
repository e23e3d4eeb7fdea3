#include "tests/proofs/load/kept_promises.hpp"

#include "core/base/prng.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/produce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <thread>

namespace millrace::load {
namespace {

constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::size_t kWindow = 12;  // requests in flight on one connection
constexpr std::int32_t kPartitionBytesMax = 1 << 20;
constexpr std::int32_t kFetchBytesMax = 16 << 20;

}  // namespace

/// One connection of one life, on a thread of its own. It alone touches the books of its
/// partitions.
class KeptPromises::Producer {
public:
    Producer(KeptPromises& owner, std::size_t index, std::size_t step, double rate)
        : owner_(owner), prng_(owner.seed_ * 1000 + owner.lives_ * 50 + index), rate_(rate) {
        for (std::size_t i = index; i < owner.books_.size(); i += step) partitions_.push_back(i);
    }

    Life life;

    void run(std::uint16_t port) {
        life.begun_ns = now_ns();
        if (connection_.open(port)) {
            while (send_what_is_due() && take_answers()) {
            }
        }
        note_unanswered();
    }

private:
    struct Part {
        std::size_t partition;
        std::size_t send;
    };

    bool send_what_is_due() {
        const double due = rate_ * static_cast<double>(now_ns() - life.begun_ns) * 1e-9;
        while (static_cast<double>(life.sent) < due && in_flight_.size() < kWindow) {
            if (!send_one()) return false;
        }
        return true;
    }

    bool send_one() {
        std::vector<Part> parts;
        std::vector<Bytes> batches;
        const std::uint64_t count = prng_.between(1, std::min<std::size_t>(3, partitions_.size()));
        std::size_t at = prng_.below(partitions_.size());
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::size_t partition = partitions_[at++ % partitions_.size()];
            parts.push_back({partition, next_send(partition)});
            const Send& send = owner_.books_[partition].sends.back();
            batches.push_back(
                make_numbered_batch(static_cast<std::uint32_t>(partition), send.first, send.count));
            life.sent += static_cast<std::uint64_t>(send.count);
        }
        ProduceRequest request;
        request.acks = -1;
        request.timeout_ms = 30'000;
        auto& topic = request.topics.emplace_back();
        topic.name = owner_.topic_;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            topic.partitions.emplace_back().index = static_cast<std::int32_t>(parts[i].partition);
            topic.partitions.back().records = ByteView(batches[i]);
        }
        in_flight_.push_back(std::move(parts));
        return connection_.send(encode_request(request, kProduceVersion, ++correlation_));
    }

    /// Notes a retry, or else a send of fresh records; returns its index.
    std::size_t next_send(std::size_t partition) {
        Book& book = owner_.books_[partition];
        if (book.to_retry < book.unanswered.size()) {
            const Send& old = book.sends[book.unanswered[book.to_retry++]];
            life.retried += static_cast<std::uint64_t>(old.count);
            book.sends.push_back({old.first, old.count});
        } else {
            const auto count = static_cast<std::int32_t>(prng_.between(1, 4));
            book.sends.push_back({book.next_number, count});
            book.next_number += static_cast<std::uint64_t>(count);
        }
        return book.sends.size() - 1;
    }

    bool take_answers() {
        // Half a millisecond is the tick of the sends; all that is there is taken at once.
        std::int64_t wait_us = 500;
        for (;;) {
            const Received received = connection_.receive(frame_, wait_us);
            if (received != Received::kFrame) return received == Received::kNothing;
            wait_us = 0;
            if (!take_answer()) return false;
        }
    }

    bool take_answer() {
        const auto response = decode_response<ProduceResponse>(frame_, kProduceVersion);
        if (!response || response->topics.size() != 1 || in_flight_.empty()) return false;
        const auto& answers = response->topics[0].partitions;
        const std::vector<Part> parts = std::move(in_flight_.front());
        in_flight_.pop_front();
        for (const Part& part : parts) {
            const auto answer = std::find_if(answers.begin(), answers.end(), [&](const auto& each) {
                return each.index == static_cast<std::int32_t>(part.partition);
            });
            if (answer == answers.end() || answer->error_code != 0) {
                ++life.errors;
                failed_.push_back(part);
                continue;
            }
            Send& send = owner_.books_[part.partition].sends[part.send];
            send.base = answer->base_offset;
            send.acknowledged = true;
            life.acknowledged += static_cast<std::uint64_t>(send.count);
            life.last_ack_ns = now_ns();
        }
        return true;
    }

    /// What no answer came for, and what was still to be retried, is retried in the next life.
    void note_unanswered() {
        std::vector<std::vector<std::size_t>> next(owner_.books_.size());
        for (const std::size_t partition : partitions_) {
            Book& book = owner_.books_[partition];
            next[partition].assign(book.unanswered.begin() + static_cast<long>(book.to_retry),
                                   book.unanswered.end());
            book.to_retry = 0;
        }
        std::vector<std::vector<std::size_t>> fresh(owner_.books_.size());
        for (const Part& part : failed_) fresh[part.partition].push_back(part.send);
        for (const auto& parts : in_flight_) {
            for (const Part& part : parts) fresh[part.partition].push_back(part.send);
        }
        for (const std::size_t partition : partitions_) {
            Book& book = owner_.books_[partition];
            // Sends of this life repeat the oldest records, so they go first.
            book.unanswered = std::move(fresh[partition]);
            book.unanswered.insert(book.unanswered.end(), next[partition].begin(),
                                   next[partition].end());
        }
    }

    KeptPromises& owner_;
    Connection connection_;
    Prng prng_;
    const double rate_;
    std::vector<std::size_t> partitions_;
    std::deque<std::vector<Part>> in_flight_;
    std::vector<Part> failed_;
    Bytes frame_;
    std::int32_t correlation_{};
};

bool KeptPromises::prepare(std::uint16_t port) {
    Connection connection;
    if (!connection.open(port)) return false;
    const std::size_t partitions = make_topic(connection, topic_);
    if (books_.empty()) books_.resize(partitions);
    return partitions > 0 && partitions == books_.size();
}

Life KeptPromises::produce(std::uint16_t port, double rate, std::size_t connections) {
    ++lives_;
    std::vector<std::unique_ptr<Producer>> producers;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < connections; ++i) {
        producers.push_back(std::make_unique<Producer>(*this, i, connections,
                                                       rate / static_cast<double>(connections)));
    }
    for (const auto& producer : producers) {
        threads.emplace_back([&producer, port] { producer->run(port); });
    }
    for (std::thread& thread : threads) thread.join();
    Life life;
    life.begun_ns = producers.front()->life.begun_ns;
    for (const auto& producer : producers) {
        life.sent += producer->life.sent;
        life.acknowledged += producer->life.acknowledged;
        life.retried += producer->life.retried;
        life.errors += producer->life.errors;
        life.last_ack_ns = std::max(life.last_ack_ns, producer->life.last_ack_ns);
    }
    return life;
}

Verdict KeptPromises::verify(std::uint16_t port, bool everything) {
    Verdict verdict;
    std::vector<Cursor> cursors(books_.size());
    for (std::size_t i = 0; i < books_.size() && !everything; ++i) {
        cursors[i] = {books_[i].checked_end, books_[i].checked_sends, 0, false};
    }
    Connection connection;
    if (!connection.open(port)) verdict.violation = "nobody takes connections";
    const auto open = [](const Cursor& cursor) { return !cursor.done; };
    while (verdict.violation.empty() && std::any_of(cursors.begin(), cursors.end(), open)) {
        check_response(connection, cursors, verdict);
    }
    for (std::size_t i = 0; i < books_.size() && verdict.violation.empty(); ++i) {
        books_[i].checked_end = cursors[i].offset;
        books_[i].checked_sends = books_[i].sends.size();
    }
    return verdict;
}

void KeptPromises::check_response(Connection& connection, std::vector<Cursor>& cursors,
                                  Verdict& verdict) {
    FetchRequest request;
    request.max_bytes = kFetchBytesMax;
    request.session_epoch = -1;
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic_;
    for (std::size_t i = 0; i < cursors.size(); ++i) {
        if (cursors[i].done) continue;
        auto& partition = wanted.partitions.emplace_back();
        partition.index = static_cast<std::int32_t>(i);
        partition.fetch_offset = cursors[i].offset;
        partition.partition_max_bytes = kPartitionBytesMax;
    }
    const auto response = connection.ask<FetchResponse>(request, kFetchVersion);
    if (!response || response->error_code != 0 || response->topics.size() != 1) {
        verdict.violation = "a fetch was not answered";
        return;
    }
    for (const auto& answer : response->topics[0].partitions) {
        const auto partition = static_cast<std::uint32_t>(answer.index);
        Cursor& cursor = cursors.at(partition);
        if (answer.error_code != 0) {
            verdict.violation = fmt::format("partition {}: error {} at offset {}, which was seen",
                                            partition, answer.error_code, cursor.offset);
            return;
        }
        const Bytes bytes = answer.records ? answer.records->to_bytes() : Bytes();
        check_batches(partition, bytes, cursor, verdict);
        if (!verdict.violation.empty()) return;
        if (cursor.offset < answer.high_watermark) continue;
        if (cursor.offset > answer.high_watermark) {
            verdict.violation = fmt::format("partition {}: it ends at {}, and {} was seen",
                                            partition, answer.high_watermark, cursor.offset);
            return;
        }
        check_end(partition, cursor, verdict);
    }
}

void KeptPromises::check_batches(std::uint32_t partition, ByteView bytes, Cursor& cursor,
                                 Verdict& verdict) {
    while (!bytes.empty() && verdict.violation.empty()) {
        const auto batch = check_numbered_batch(bytes, partition);
        if (!batch) {
            verdict.violation = fmt::format("partition {}: what lies at offset {} was never sent",
                                            partition, cursor.offset);
            return;
        }
        bytes = bytes.subspan(batch->bytes);
        if (batch->base_offset != cursor.offset) {
            verdict.violation = fmt::format("partition {}: offset {} comes where {} should",
                                            partition, batch->base_offset, cursor.offset);
            return;
        }
        check_place(partition, *batch, cursor, verdict);
        cursor.offset += batch->count;
    }
}

void KeptPromises::check_place(std::uint32_t partition, const NumberedBatch& batch, Cursor& cursor,
                               Verdict& verdict) {
    std::vector<Send>& sends = books_[partition].sends;
    const auto is_batch = [&batch](const Send& send) {
        return send.first == batch.first && send.count == batch.count;
    };
    const auto begin = sends.begin() + static_cast<std::ptrdiff_t>(cursor.send);
    const auto promised =
        std::find_if(begin, sends.end(), [](const Send& send) { return send.base >= 0; });
    auto found = promised;
    if (promised == sends.end() || promised->base > batch.base_offset) {
        found = std::find_if(begin, promised, is_batch);
        if (found == promised) found = sends.end();
    }
    if (found == sends.end() || !is_batch(*found) ||
        (found->base >= 0 && found->base != batch.base_offset)) {
        verdict.violation = fmt::format(
            "partition {}: records {} to {} at offset {} are out of place; promised next "
            "is offset {}",
            partition, batch.first, batch.first + static_cast<std::uint64_t>(batch.count) - 1,
            batch.base_offset, promised == sends.end() ? -1 : promised->base);
        return;
    }
    found->base = batch.base_offset;
    cursor.send = static_cast<std::size_t>(found - sends.begin()) + 1;
    const auto count = static_cast<std::uint64_t>(batch.count);
    verdict.records += count;
    if (found->acknowledged) verdict.acknowledged += count;
    if (batch.first < cursor.numbers_end) verdict.repeats += count;
    cursor.numbers_end = std::max(cursor.numbers_end, batch.first + count);
}

void KeptPromises::check_end(std::uint32_t partition, Cursor& cursor, Verdict& verdict) {
    cursor.done = true;
    const std::vector<Send>& sends = books_[partition].sends;
    for (std::size_t i = cursor.send; i < sends.size(); ++i) {
        if (sends[i].base < 0) continue;
        verdict.violation = fmt::format("partition {}: it ends at {}, offset {} is lost", partition,
                                        cursor.offset, sends[i].base);
        return;
    }
}

}  // namespace millrace::load
