// A test that talks to a whole broker on real rings in Kafka's bytes, from a client on shard 0.
#pragma once

#include "cluster/brokerd/broker.hpp"
#include "cluster/handlers/handlers.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/on_shards.hpp"

namespace millrace {

/// The parameter is the number of shards.
class BrokerTest : public OnShards {
protected:
    /// Starts a broker, runs `scenario(client)` and stops the broker cleanly.
    template <class Scenario>
    void with_client(Scenario scenario) {
        const auto whole = [this, &scenario]() -> Task<> {
            const BrokerConfig config = make_config();
            auto broker = co_await Broker::start(*world_, logger_, config);
            EXPECT_TRUE(broker);
            port_ = (*broker)->port();
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", port_);
            Client client(*world_, std::move(*stream));
            co_await scenario(client);
            co_await client.close();
            EXPECT_TRUE(co_await (*broker)->stop());
            figures_ = co_await (*broker)->figures();
        };
        run(whole());
    }

    MetricsSnapshot figures_;
    std::uint16_t port_{};

    BrokerConfig make_config() const {
        return read_config({{"listeners", "PLAINTEXT://127.0.0.1:0"},
                            {"log.dirs", folder_ + "/data"},
                            {"num.partitions", "2"}})
            .config;
    }

    static MetadataRequest metadata_of(std::string topic) {
        MetadataRequest request;
        request.topics.emplace().push_back({{}, std::move(topic)});
        return request;
    }

    static ProduceRequest produce_to(std::string topic, std::int32_t index, ByteView batch,
                                     std::int16_t acks) {
        ProduceRequest request;
        request.acks = acks;
        request.timeout_ms = 10'000;
        auto& wanted = request.topics.emplace_back();
        wanted.name = std::move(topic);
        wanted.partitions.emplace_back().index = index;
        wanted.partitions.back().records = batch;
        return request;
    }

    static FetchRequest fetch_from(std::string topic, std::int64_t offset, std::int32_t wait_ms) {
        FetchRequest request;
        request.max_wait_ms = wait_ms;
        request.min_bytes = 1;
        request.session_epoch = -1;
        auto& wanted = request.topics.emplace_back();
        wanted.name = std::move(topic);
        wanted.partitions.emplace_back().fetch_offset = offset;
        wanted.partitions.back().partition_max_bytes = 1 << 20;
        return request;
    }
};

}  // namespace millrace
