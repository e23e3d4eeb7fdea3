// The fixture of the traps: places where a broker that reads the protocol's tables but not its
// clients goes wrong. Each test is named after the trap's number in tests/README.md.
#pragma once

#include "protocol/error_code.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

#include <memory>
#include <utility>

namespace millrace {

/// A broker that can be started several times in the same folder. The parameter is the number of
/// shards.
class TrapTest : public BrokerTest {
protected:
    BrokerConfig config_ = make_config();

    /// A life of the broker around `scenario(client)`.
    template <class Scenario>
    Task<> live(Scenario scenario) {
        const BrokerConfig config = config_;
        auto broker = co_await Broker::start(*world_, logger_, config);
        EXPECT_TRUE(broker);
        port_ = (*broker)->port();
        const auto client = co_await connect();
        co_await scenario(*client);
        co_await client->close();
        EXPECT_TRUE(co_await (*broker)->stop());
    }

    /// One life, and nothing else.
    template <class Scenario>
    void with_broker(Scenario scenario) {
        run(live(std::move(scenario)));
    }

    Task<std::unique_ptr<Client>> connect() {
        auto stream = co_await Stream::connect(*world_, "127.0.0.1", port_);
        co_return std::make_unique<Client>(*world_, std::move(*stream));
    }

    /// Creates `name` and returns what Metadata then says of it.
    static Task<MetadataResponse::Topic> make_topic(Client& client, const char* name) {
        const MetadataRequest request = metadata_of(name);
        (void)co_await client.ask<MetadataResponse>(request, 12);
        auto told = co_await client.ask<MetadataResponse>(request, 12);
        EXPECT_EQ(told->topics[0].error_code, 0);
        co_return told->topics[0];
    }

    /// Produces one batch with acks=all.
    static Task<ProduceResponse::Partition> produce(Client& client, const char* topic,
                                                    std::int32_t index, const Bytes& batch,
                                                    std::int16_t version = 9) {
        const ProduceRequest request = produce_to(topic, index, batch, -1);
        auto response = co_await client.ask<ProduceResponse>(request, version);
        co_return response->topics[0].partitions[0];
    }

    /// The answer about the first partition of a request.
    static Task<FetchResponse::Partition> fetch(Client& client, const FetchRequest& request,
                                                std::int16_t version = 11) {
        auto response = co_await client.ask<FetchResponse>(request, version);
        EXPECT_EQ(response->error_code, 0);
        co_return response->topics[0].partitions[0];
    }
};

}  // namespace millrace
