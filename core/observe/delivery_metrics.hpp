// Which way the bytes of batches went to readers.
#pragma once

#include "core/observe/metrics.hpp"

namespace millrace {

/// Stands in a shard's registry. What logs read is counted on their shard, what is sent out of
/// files on the connection's.
struct DeliveryMetrics {
    explicit DeliveryMetrics(MetricsRegistry& registry)
        : shared(bytes(registry, "memory")),
          read(bytes(registry, "read")),
          sendfile(bytes(registry, "sendfile")),
          mmap(bytes(registry, "mmap")),
          splice(bytes(registry, "splice")),
          late(bytes(registry, "late")),
          not_resident(registry.counter("millrace_delivery_misses_total",
                                        "Sends that found their range not in the page cache")),
          ahead(registry.gauge("millrace_delivery_ahead_bytes",
                               "Bytes asked for into the page cache and not sent yet")) {}

    static Counter& bytes(MetricsRegistry& registry, const char* path) {
        return registry.counter("millrace_delivered_bytes_total",
                                "Bytes of batches by the way that they went to readers",
                                {{"path", path}});
    }

    Counter& shared;    // handed out of tails and recent chunks, not copied
    Counter& read;      // read from a file into memory for one response
    Counter& sendfile;  // out of the page cache, as the next two
    Counter& mmap;
    Counter& splice;
    Counter& late;  // of file ranges, read into memory because nothing else helped
    Counter& not_resident;
    Gauge& ahead;
};

}  // namespace millrace
