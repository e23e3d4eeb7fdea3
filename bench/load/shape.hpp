// What the load generator is asked for.
#pragma once

#include "core/config/listeners.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::bench {

struct Shape {
    std::vector<Endpoint> bootstrap{};
    std::string topic = "load";
    std::int32_t partitions{};  // 0: those that the topic has, or gets by default
    std::size_t producers = 1;  // each has a connection to every broker that leads something
    std::int16_t acks = -1;     // 0, 1, or -1 for all
    std::int32_t batch_records = 16;
    std::size_t record_bytes = 1024;  // of the value; keys come on top
    std::size_t request_batches = 1;  // of different partitions, at most
    std::size_t in_flight = 5;        // requests on one connection
    std::size_t keys{};               // different ones; 0: records have none
    double rate{};                    // records a second over all; 0: as fast as answers come
    double warm_up_s = 1;
    double seconds = 10;
    bool removes_topic{};  // at the end
    bool tells_begin{};    // a line of its own when the warm-up is over
};

}  // namespace millrace::bench
