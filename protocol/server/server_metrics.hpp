// What the connections of one shard count.
#pragma once

#include "core/observe/metrics.hpp"
#include "protocol/api.hpp"

#include <array>
#include <string>

namespace millrace {

/// Owned by a listener; the figures stand in the shard's registry, one for all its listeners.
struct ServerMetrics {
    explicit ServerMetrics(MetricsRegistry& registry)
        : connections(registry.gauge("millrace_connections", "Connections that are open")),
          accepted(registry.counter("millrace_connections_accepted_total",
                                    "Connections that were accepted")),
          accept_errors(registry.counter("millrace_accept_errors_total",
                                         "Connections that could not be accepted")),
          broken(registry.counter("millrace_connections_broken_total",
                                  "Connections closed for what the peer sent")),
          left(registry.counter("millrace_connections_left_total",
                                "Connections that left for the shard that has their work")),
          stalled(registry.counter("millrace_connections_stalled_total",
                                   "Connections closed because the peer took no bytes")),
          bytes_received(
              registry.counter("millrace_bytes_received_total", "Bytes of requests received")),
          bytes_sent(registry.counter("millrace_bytes_sent_total", "Bytes of responses sent")) {
        for (const Api& api : all_apis()) {
            if (!api.is_served()) continue;
            by_api[static_cast<std::size_t>(api.key)] =
                &registry.counter("millrace_requests_total", "Requests that were begun",
                                  {{"api", std::string(api.name)}});
        }
    }

    /// REQUIRES: the API is served.
    Counter& requests(std::int16_t key) const { return *by_api[static_cast<std::size_t>(key)]; }

    Gauge& connections;
    Counter& accepted;
    Counter& accept_errors;
    Counter& broken;
    Counter& left;
    Counter& stalled;
    Counter& bytes_received;
    Counter& bytes_sent;
    // Key 69 is the highest that a ZooKeeper-mode 3.9 broker serves.
    std::array<Counter*, 70> by_api{};
};

}  // namespace millrace
