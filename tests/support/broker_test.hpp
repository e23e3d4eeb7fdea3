// A test that talks to a whole broker on real rings in Kafka's bytes, from a client on shard 0.
#pragma once

#include "cluster/brokerd/broker.hpp"
#include "cluster/brokerd/figures.hpp"
#include "cluster/handlers/handlers.hpp"
#include "tests/support/kafka_client.hpp"
#include "tests/support/on_shards.hpp"
#include "tests/support/requests.hpp"

#include <utility>

namespace millrace {

/// The parameter is the number of shards.
class BrokerTest : public OnShards {
protected:
    /// Starts a broker, runs `scenario(client)` and stops the broker cleanly. The next call is the
    /// broker's next life, on new shards.
    template <class Scenario>
    void with_client(Scenario scenario) {
        if (std::exchange(has_lived_, true)) take_new_shards(GetParam());
        Logger logger{*world_, lines_, LogFormat::kText};
        const auto whole = [this, &scenario, &logger]() -> Task<> {
            const BrokerConfig config = make_config();
            auto broker = co_await Broker::start(*world_, logger, config);
            EXPECT_TRUE(broker);
            port_ = (*broker)->port();
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", port_);
            Client client(*world_, std::move(*stream));
            co_await scenario(client);
            co_await client.close();
            EXPECT_TRUE(co_await (*broker)->stop());
            figures_ = co_await figures_of_all(*world_);
        };
        run(whole());
    }

    MetricsSnapshot figures_;
    std::uint16_t port_{};
    Properties more_;  // of the broker's
    bool has_lived_{};

    BrokerConfig make_config() const {
        Properties properties = more_;
        properties.insert({{"listeners", "PLAINTEXT://127.0.0.1:0"},
                           {"log.dirs", folder_ + "/data"},
                           {"num.partitions", "2"}});
        return read_config(properties).config;
    }
};

}  // namespace millrace
