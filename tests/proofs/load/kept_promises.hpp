// A producer and its judge over many lives of a broker: what was sent, what was acknowledged, and
// whether what can be read agrees.
//
// What a partition's log may hold is decided by its sends in their order, retries being sends of
// their own: the log is a part of that sequence which leaves out no acknowledged send, with each
// acknowledged one at the offset that the answer told, and with nothing in between. What a check
// has seen counts as promised from then on.
#pragma once

#include "tests/proofs/load/connection.hpp"
#include "tests/proofs/load/records.hpp"

#include <string>
#include <vector>

namespace millrace::load {

struct Life {
    std::uint64_t sent{};
    std::uint64_t acknowledged{};
    std::uint64_t retried{};
    std::uint64_t errors{};  // partitions that were answered with an error
    std::int64_t begun_ns{};
    std::int64_t last_ack_ns{};
};

struct Verdict {
    std::string violation;  // empty: none
    std::uint64_t records{};
    std::uint64_t repeats{};
    std::uint64_t acknowledged{};
};

class KeptPromises {
public:
    KeptPromises(std::string topic, std::uint64_t seed) : topic_(std::move(topic)), seed_(seed) {}

    /// Brings the topic into being with as many partitions as the broker gives it.
    bool prepare(std::uint16_t port);
    /// Sends `rate` records a second with acks=all over `connections` until they end, first again
    /// what no answer came for. All counts are of records.
    Life produce(std::uint16_t port, double rate, std::size_t connections);
    /// Reads on from where the last check ended, or everything, up to the high watermarks. Ask
    /// while nothing is being produced.
    Verdict verify(std::uint16_t port, bool everything);

private:
    struct Send {
        std::uint64_t first;
        std::int32_t count;
        std::int64_t base{-1};  // -1: neither acknowledged nor seen
        bool acknowledged{};
    };

    struct Book {
        std::vector<Send> sends;
        std::vector<std::size_t> unanswered;  // of the last life, by index, in order
        std::size_t to_retry{};
        std::uint64_t next_number{};
        std::int64_t checked_end{};
        std::size_t checked_sends{};
    };

    /// Where a check stands in one partition.
    struct Cursor {
        std::int64_t offset{};
        std::size_t send{};
        std::uint64_t numbers_end{};
        bool done{};
    };

    class Producer;

    void check_response(Connection& connection, std::vector<Cursor>& cursors, Verdict& verdict);
    void check_batches(std::uint32_t partition, ByteView bytes, Cursor& cursor, Verdict& verdict);
    void check_place(std::uint32_t partition, const NumberedBatch& batch, Cursor& cursor,
                     Verdict& verdict);
    void check_end(std::uint32_t partition, Cursor& cursor, Verdict& verdict);

    const std::string topic_;
    const std::uint64_t seed_;
    std::uint64_t lives_{};
    std::vector<Book> books_;
};

}  // namespace millrace::load
