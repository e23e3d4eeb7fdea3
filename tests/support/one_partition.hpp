// Clients of one partition of one topic, each with a connection of its own and one request after
// the other; what they expect is checked.
#pragma once

#include "protocol/message/fetch.hpp"
#include "protocol/message/produce.hpp"
#include "tests/sim/client.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/requests.hpp"

#include <gtest/gtest.h>

namespace millrace {

inline constexpr const char* kOneTopic = "t";

/// Batches of two records, to a partition that nobody else writes to.
inline Task<> produce_in_row(World& world, std::uint16_t port, std::int32_t partition,
                             int batches) {
    sim::Client client(world, port);
    const Bytes batch = make_batch({.records = 2, .base_timestamp = 1000});
    for (int i = 0; i < batches; ++i) {
        const ProduceRequest request = produce_to(kOneTopic, partition, batch, 1);
        const auto response = co_await client.ask<ProduceResponse>(request, 9);
        EXPECT_TRUE(response);
        if (!response) break;
        const auto& answer = response->topics.at(0).partitions.at(0);
        EXPECT_EQ(answer.error_code, 0);
        EXPECT_EQ(answer.base_offset, 2 * i);
    }
    co_await client.drop();
}

/// Fetches from its beginning, as a consumer's: all in one session.
inline Task<> fetch_in_session(World& world, std::uint16_t port, std::int32_t partition,
                               int fetches) {
    sim::Client client(world, port);
    FetchRequest request = fetch_from(kOneTopic, 0, 0);
    request.topics[0].partitions[0].index = partition;
    request.session_epoch = 0;
    for (int i = 0; i < fetches; ++i) {
        const auto response = co_await client.ask<FetchResponse>(request, 12);
        EXPECT_TRUE(response);
        if (!response) break;
        EXPECT_EQ(response->error_code, 0);
        EXPECT_NE(response->session_id, 0);
        request.session_id = response->session_id;
        request.topics.clear();
        ++request.session_epoch;
    }
    co_await client.drop();
}

}  // namespace millrace
