// Produce load of one shape, measured at the client: how much, how long, and how late the answers
// came.
#pragma once

#include "tests/proofs/load/connection.hpp"

#include <string>
#include <vector>

namespace millrace::load {

struct Shape {
    std::string topic = "load";
    std::size_t connections = 1;
    std::size_t window = 5;  // requests in flight on one connection
    std::int32_t batch_records = 1;
    std::size_t record_bytes = 100;
    double rate = 0;  // requests a second over all connections; 0: as fast as answers come
    std::uint64_t requests = 1;  // over all connections
};

struct Measured {
    std::uint64_t requests{};
    std::uint64_t errors{};
    double seconds{};
    /// From the moment that a request was due, so that a stall counts for all that it holds up.
    std::vector<std::int64_t> latency_us;

    /// `share` of 0.5 is the median.
    std::int64_t percentile(double share) const;
};

/// acks=all, the partitions of the topic in turn. Errors count answers that were none or bad.
Measured run_load(std::uint16_t port, const Shape& shape);

/// Tries each millisecond until one record is acknowledged; CLOCK_MONOTONIC in nanoseconds then, or
/// 0 after a minute.
std::int64_t first_acknowledged(std::uint16_t port, const std::string& topic);

}  // namespace millrace::load
